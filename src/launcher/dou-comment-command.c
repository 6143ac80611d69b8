/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok comment …`. */

#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-service.h"
#include "launcher/dou-admin.h"

static int
delete_command (int argc, char **argv)
{
  const DouAdminUsage usage = { "doutok comment delete", _ ("ID…"),
                                _ ("Deletes comments, by id, whoever wrote them."), NULL, TRUE };
  g_auto (DouAdmin) admin = { 0 };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xs)"));
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GVariant) statuses = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;

  ids = dou_admin_parse_ids (&admin, &usage, &exit_status);
  if (ids == NULL)
    return exit_status;

  for (guint i = 0; i < ids->len; i++)
    g_variant_builder_add (&builder, "(xs)", g_array_index (ids, gint64, i),
                           admin.why != NULL ? admin.why : "");
  statuses = dou_admin_call (&admin, "Social", "Social1.Admin", "RemoveComments",
                             g_variant_builder_end (&builder), "ai", &error);
  return statuses != NULL ? dou_admin_tell_all (&admin, statuses, _ ("deleted"))
                          : dou_service_fail ("doutok", error);
}

/**
 * dou_comment_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok comment …`.
 *
 * Returns: the exit status
 */
int
dou_comment_command (int argc, char **argv)
{
  static const DouCommand commands[] = {
    { "delete", N_ ("delete comments"), delete_command },
  };

  return dou_admin_run ("doutok comment", commands, G_N_ELEMENTS (commands), argc, argv);
}
