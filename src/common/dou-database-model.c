/* SPDX-License-Identifier: Apache-2.0 */

/* Rows as the library has them, as rows of ours. A statement that does not return what its caller takes
 * from it is a mistake in the source, and ends the process. */

#include "config.h"

#include <string.h>

#include <libgda/libgda.h>

#include "common/dou-database-model.h"
#include "common/dou-database-rows.h"

/* Engines differ in the widths of their numbers. */
static gint64
get_number (const GValue *value, const char *name)
{
  g_auto (GValue) number = G_VALUE_INIT;

  if (G_VALUE_HOLDS_INT64 (value))
    return g_value_get_int64 (value);

  g_value_init (&number, G_TYPE_INT64);
  if (!g_value_type_transformable (G_VALUE_TYPE (value), G_TYPE_INT64)
      || !g_value_transform (value, &number))
    g_error ("Statement “%s” returns a %s for a number", name, G_VALUE_TYPE_NAME (value));
  return g_value_get_int64 (&number);
}

/**
 * dou_database_model_copy:
 * @model: what a statement returned
 * @name: the statement
 * @columns: a letter for each column, as for dou_transaction_query()
 * @cause: return location for an error of the library's
 *
 * Returns: (transfer full): all rows, or %NULL
 */
DouRows *
dou_database_model_copy (GdaDataModel *model, const char *name, const char *columns, GError **cause)
{
  g_autoptr (DouRows) rows = NULL;
  int n_rows = gda_data_model_get_n_rows (model);
  GError **exceptions;

  if (gda_data_model_get_n_columns (model) != (int) strlen (columns))
    g_error ("Statement “%s” has %d columns, not “%s”", name, gda_data_model_get_n_columns (model),
             columns);

  rows = dou_rows_new (columns, (guint) MAX (n_rows, 0));
  for (int row = 0; row < n_rows; row++)
    for (int column = 0; columns[column] != '\0'; column++)
      {
        const GValue *value = gda_data_model_get_value_at (model, column, row, cause);

        if (value == NULL)
          return NULL;

        if (columns[column] == 'x')
          dou_rows_add_int64 (rows, gda_value_is_null (value) ? 0 : get_number (value, name));
        else if (gda_value_is_null (value))
          dou_rows_add_text (rows, NULL);
        else /* an empty text arrives as NULL from some engines */
          dou_rows_add_text (rows,
                             g_value_get_string (value) != NULL ? g_value_get_string (value) : "");
      }

  /* Rows are read as they are asked for; an error on the way only shortens the model. */
  exceptions = gda_data_model_get_exceptions (model);
  if (exceptions != NULL && exceptions[0] != NULL)
    {
      g_propagate_error (cause, g_error_copy (exceptions[0]));
      return NULL;
    }

  return g_steal_pointer (&rows);
}
