/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>

#include "common/dou-id-minter.h"
#include "common/dou-metrics.h"
#include "common/dou-status.h"
#include "gateway/dou-gateway.h"
#include "gateway/dou-status-messages.h"

int
main (int argc, char **argv)
{
  const char *program = "doutok-gateway";
  g_autoptr (DouService) service = NULL;
  g_autoptr (DouGateway) gateway = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) listen_fds = NULL;
  g_autofree char *name = NULL;
  int index = 0;
  int ready_fd = -1;
  gboolean list_routes = FALSE;
  const GOptionEntry entries[] = {
    { "index", 0, 0, G_OPTION_ARG_INT, &index, "Number of this gateway, from 0", "N" },
    { "listen-fd", 0, 0, G_OPTION_ARG_STRING_ARRAY, &listen_fds, "Inherited listening socket", "FD" },
    { "list-routes", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &list_routes,
      "Say what would be served, and end", NULL },
    { "ready-fd", 0, 0, G_OPTION_ARG_INT, &ready_fd, "Where to write “ready”", "FD" },
    G_OPTION_ENTRY_NULL,
  };

  dou_status_messages_init ();

  service = dou_service_new (program, &argc, &argv, entries, &error);
  if (service == NULL)
    return dou_service_fail (program, error);
  if (index < 0 || index > DOU_ID_MAX_PROCESS)
    {
      g_set_error (&error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, "--index: 0 to %d",
                   DOU_ID_MAX_PROCESS);
      return dou_service_fail (program, error);
    }

  if (!dou_service_measure (service, DOU_METRICS_GATEWAYS + (guint) index, &error))
    return dou_service_fail (program, error);

  gateway = dou_gateway_new (service, (guint) index, &error);
  if (gateway == NULL)
    return dou_service_fail (program, error);

  if (list_routes)
    {
      g_autofree char *routes = dou_router_list (dou_gateway_get_router (gateway));

      g_print ("%s", routes);
      return EXIT_SUCCESS;
    }

  name = g_strdup_printf ("org.doutok.Gateway%d", index);
  dou_service_add_name (service, name);
  for (char **fd = listen_fds; fd != NULL && *fd != NULL; fd++)
    if (!dou_gateway_add_listener (gateway, atoi (*fd), &error))
      return dou_service_fail (program, error);
  if (ready_fd >= 0)
    dou_gateway_announce (gateway, ready_fd);

  return dou_service_run (service);
}
