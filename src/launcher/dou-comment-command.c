/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok comment …`. */

#include "config.h"

#include <glib/gi18n.h>

#include "launcher/dou-admin.h"

static int
delete_command (int argc, char **argv)
{
  const DouAdminUsage usage = { "doutok comment delete", _ ("ID…"),
                                _ ("Deletes comments, by id, whoever wrote them."), NULL, TRUE };
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GArray) ids = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;

  ids = dou_admin_parse_ids (&admin, &usage, &exit_status);
  if (ids == NULL)
    return exit_status;

  return dou_admin_act (&admin, "Social", "RemoveComments", dou_admin_make_acts (&admin, ids),
                        _ ("deleted"));
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
