/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok audit`: what the administration did, from all services together. Each keeps a log of its own,
 * beside what the actions change. */

#include "config.h"

#include <stdlib.h>

#include <glib/gi18n.h>

#include "common/dou-service.h"
#include "launcher/dou-admin.h"

/* Entries that are listed unless another number is asked for. */
#define DEFAULT_COUNT 50
/* The services' largest page. */
#define PAGE_SIZE 500

static const char *const services[] = { "User", "Video", "Social" };

/* Adds up to @count entries of one service. */
static gboolean
add_entries (DouAdmin *admin, const char *service, guint count, GPtrArray *entries, GError **error)
{
  g_autofree char *interface = g_strconcat (service, "1.Admin", NULL);
  gint64 before = 0;

  while (count > 0)
    {
      guint n = MIN (count, PAGE_SIZE);
      GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xu)"));
      g_autoptr (GVariant) pages = NULL;
      g_autoptr (GVariant) page = NULL;

      g_variant_builder_add (&builder, "(xu)", before, n);
      pages = dou_admin_call (admin, service, interface, "GetAudit",
                              g_variant_builder_end (&builder), "aa(xxxssxs)", error);
      if (pages == NULL)
        return FALSE;

      page = g_variant_get_child_value (pages, 0);
      for (gsize i = 0; i < g_variant_n_children (page); i++)
        {
          GVariant *entry = g_variant_get_child_value (page, i);

          g_variant_get_child (entry, 0, "x", &before);
          g_ptr_array_add (entries, entry);
        }
      count = g_variant_n_children (page) == n ? count - n : 0;
    }

  return TRUE;
}

/* The newest first. */
static int
compare_entries (gconstpointer a, gconstpointer b)
{
  gint64 times[2];

  g_variant_get_child (*(GVariant *const *) a, 1, "x", &times[0]);
  g_variant_get_child (*(GVariant *const *) b, 1, "x", &times[1]);
  return times[0] < times[1] ? 1 : times[0] > times[1] ? -1 : 0;
}

static void
print_entry (GVariant *entry)
{
  g_autofree char *time = NULL;
  const char *login, *action, *why;
  gint64 acted, uid, target;

  g_variant_get (entry, "(xxx&s&sx&s)", NULL, &acted, &uid, &login, &action, &target, &why);
  time = dou_admin_describe_time (acted);
  g_print ("%s  %s (%" G_GINT64_FORMAT ")  %s %" G_GINT64_FORMAT "%s%s\n", time, login, uid, action,
           target, *why != '\0' ? "  " : "", why);
}

/**
 * dou_audit_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok audit`.
 *
 * Returns: the exit status
 */
int
dou_audit_command (int argc, char **argv)
{
  int count = DEFAULT_COUNT;
  const GOptionEntry options[] = {
    { "count", 0, 0, G_OPTION_ARG_INT, &count, N_ ("The most lines"), N_ ("NUMBER") },
    G_OPTION_ENTRY_NULL,
  };
  const DouAdminUsage usage
      = { "doutok audit", NULL,
          _ ("Lists what the administration did, the newest first: when, who (login and user id), "
             "what,\nwhy."),
          options, FALSE };
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GPtrArray) entries
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;

  for (gsize i = 0; i < G_N_ELEMENTS (services); i++)
    if (!add_entries (&admin, services[i], (guint) MAX (count, 0), entries, &error))
      return dou_service_fail ("doutok", error);

  g_ptr_array_sort (entries, compare_entries);
  for (guint i = 0; i < entries->len && i < (guint) MAX (count, 0); i++)
    print_entry (g_ptr_array_index (entries, i));
  return EXIT_SUCCESS;
}
