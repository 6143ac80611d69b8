/* SPDX-License-Identifier: Apache-2.0 */

/* What the commands of the administration have in common that list, show and change something in a service:
 * users, videos, comments, reports. */

#include "config.h"

#include <stdlib.h>

#include "common/dou-service.h"
#include "launcher/dou-admin.h"

/* The services' largest page. */
#define PAGE_SIZE 500

/* Returns: what the next page begins below, or 0 if there is no more; -1 with @error */
static gint64
print_page (DouAdmin *self, const DouAdminList *list, gint64 before, gboolean marked, guint count,
            GError **error)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE (list->pages));
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariant) page = NULL;
  gsize n_records;
  gint64 id = 0;

  if (g_str_equal (list->pages, "a(xbu)"))
    g_variant_builder_add (&builder, "(xbu)", before, marked, count);
  else
    g_variant_builder_add (&builder, "(xu)", before, count);
  pages = dou_admin_call (self, list->service, list->interface, list->method,
                          g_variant_builder_end (&builder), list->reply, error);
  if (pages == NULL)
    return -1;

  page = g_variant_get_child_value (pages, 0);
  n_records = g_variant_n_children (page);
  for (gsize i = 0; i < n_records; i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (page, i);

      g_variant_get_child (record, 0, "x", &id);
      list->print (record);
    }

  return n_records == count ? id : 0;
}

/**
 * dou_admin_list:
 * @self: a command that has begun
 * @list: what it lists
 * @marked: for the service, if it takes a mark
 * @count: the most records
 *
 * Returns: the exit status
 */
int
dou_admin_list (DouAdmin *self, const DouAdminList *list, gboolean marked, int count)
{
  g_autoptr (GError) error = NULL;
  gint64 before = 0;

  while (count > 0)
    {
      int n = MIN (count, PAGE_SIZE);

      before = print_page (self, list, before, marked, (guint) n, &error);
      if (before < 0)
        return dou_service_fail ("doutok", error);
      count = before == 0 ? 0 : count - n;
    }

  return EXIT_SUCCESS;
}

/**
 * dou_admin_show_all:
 * @self: a command that has begun
 * @records: `a(i…)`, for each word a status, and what is known if that is 0
 * @show: prints that
 *
 * Returns: the exit status
 */
int
dou_admin_show_all (DouAdmin *self, GVariant *records, DouAdminShowFunc show)
{
  g_autoptr (GError) error = NULL;
  int exit_status = EXIT_SUCCESS;

  for (gsize i = 0; i < g_variant_n_children (records); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);
      gint32 status;

      g_variant_get_child (record, 0, "i", &status);
      if (status != DOU_STATUS_OK)
        {
          dou_admin_tell (self->words[i], (DouStatus) status, "");
          exit_status = EXIT_FAILURE;
        }
      else if (!show (self, record, &error))
        return dou_service_fail ("doutok", error);
    }

  return exit_status;
}

static const char *
get_why (DouAdmin *self)
{
  return self->why != NULL ? self->why : "";
}

/**
 * dou_admin_make_acts:
 * @self: a command that has begun
 * @ids: (element-type gint64): what it acts on
 *
 * Returns: (transfer floating): `a(xs)`: ids and the reason
 */
GVariant *
dou_admin_make_acts (DouAdmin *self, GArray *ids)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xs)"));

  for (guint i = 0; i < ids->len; i++)
    g_variant_builder_add (&builder, "(xs)", g_array_index (ids, gint64, i), get_why (self));
  return g_variant_builder_end (&builder);
}

/**
 * dou_admin_make_switches:
 * @self: a command that has begun
 * @ids: (element-type gint64): what it acts on
 * @on: whether something begins, or ends
 *
 * Returns: (transfer floating): `a(xbs)`: ids, @on, and the reason
 */
GVariant *
dou_admin_make_switches (DouAdmin *self, GArray *ids, gboolean on)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xbs)"));

  for (guint i = 0; i < ids->len; i++)
    g_variant_builder_add (&builder, "(xbs)", g_array_index (ids, gint64, i), on, get_why (self));
  return g_variant_builder_end (&builder);
}

/**
 * dou_admin_act:
 * @self: a command that has begun
 * @service: such as `User`
 * @method: of its Admin interface, answers with a status for each word
 * @acts: (transfer floating): its items
 * @done: what is said of what was done
 *
 * Returns: the exit status
 */
int
dou_admin_act (DouAdmin *self, const char *service, const char *method, GVariant *acts,
               const char *done)
{
  g_autofree char *interface = g_strconcat (service, "1.Admin", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) statuses
      = dou_admin_call (self, service, interface, method, acts, "ai", &error);

  return statuses != NULL ? dou_admin_tell_all (self, statuses, done)
                          : dou_service_fail ("doutok", error);
}
