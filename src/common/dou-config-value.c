/* SPDX-License-Identifier: Apache-2.0 */

/* From the text of a setting to what it means. */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-config-value.h"
#include "common/dou-log.h"
#include "common/dou-redis-address.h"

/* The most that a rate can say: a million days in microseconds fit into 64 bits. */
#define MAX_RATE 1000000
/* A ratio of 1. */
#define MILLION 1000000

void
dou_config_value_clear (DouConfigValue *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->list, g_strfreev);
}

typedef struct
{
  const char *suffix;
  gint64 factor;
} Unit;

static const Unit size_units[] = { { "KiB", KIB }, { "MiB", MIB }, { "GiB", GIB }, { "", 1 } };
static const Unit duration_units[]
    = { { "min", 60 }, { "s", 1 }, { "h", 3600 }, { "d", DAY }, { "", 1 } };
static const Unit plain_units[] = { { "", 1 } };

static gboolean
parse_number (const DouConfigEntry *entry, const char *text, const Unit *units, gsize n_units,
              gint64 *number)
{
  for (gsize i = 0; i < n_units; i++)
    {
      g_autofree char *digits = NULL;
      guint64 count;

      if (!g_str_has_suffix (text, units[i].suffix))
        continue;

      digits = g_strndup (text, strlen (text) - strlen (units[i].suffix));
      g_strchomp (digits);
      if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT64 / units[i].factor, &count, NULL))
        continue;

      *number = (gint64) count * units[i].factor;
      return *number >= entry->minimum && *number <= entry->maximum;
    }

  return FALSE;
}

static gboolean
parse_choice (const DouConfigEntry *entry, const char *text, gint64 *number)
{
  g_auto (GStrv) choices = g_strsplit (entry->choices, "|", -1);

  for (gsize i = 0; choices[i] != NULL; i++)
    if (g_str_equal (choices[i], text))
      {
        *number = (gint64) i;
        return TRUE;
      }

  return FALSE;
}

/* “COUNT/UNIT” or “COUNT/UNIT burst COUNT”; without the latter, as many at once as in one unit. */
static gboolean
parse_rate (const char *text, DouRate *rate)
{
  static const Unit units[]
      = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", DAY } };
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint n_words = g_strv_length (words);
  char *unit = n_words > 0 ? strchr (words[0], '/') : NULL;
  guint64 count, burst;

  *rate = (DouRate){ 0, 0 };
  if (g_str_equal (text, "off"))
    return TRUE;
  if (unit == NULL || (n_words != 1 && (n_words != 3 || !g_str_equal (words[1], "burst"))))
    return FALSE;

  *unit++ = '\0';
  if (!g_ascii_string_to_unsigned (words[0], 10, 1, MAX_RATE, &count, NULL))
    return FALSE;
  burst = count;
  if (n_words == 3 && !g_ascii_string_to_unsigned (words[2], 10, 1, MAX_RATE, &burst, NULL))
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (unit, units[i].suffix))
      {
        rate->interval = MAX (units[i].factor * G_USEC_PER_SEC / (gint64) count, 1);
        rate->burst = (gint64) burst;
        return TRUE;
      }

  return FALSE;
}

/* The number is the level of all parts that are not named. */
static gboolean
parse_levels (const char *text, gint64 *number)
{
  DouLogLevel level;

  if (!dou_log_levels_parse (text, NULL, &level))
    return FALSE;

  *number = level;
  return TRUE;
}

static gboolean
is_time_zone (const char *text)
{
  g_autoptr (GTimeZone) zone = *text != '\0' ? g_time_zone_new_identifier (text) : NULL;

  return *text == '\0' || zone != NULL;
}

/* Digits with a point among them at most: no sign, exponent, infinity or other notation. */
static gboolean
parse_ratio (const char *text, gint64 *millionths)
{
  double ratio;

  if (*text == '\0' || text[strspn (text, "0123456789.")] != '\0'
      || strchr (text, '.') != strrchr (text, '.') || g_str_equal (text, "."))
    return FALSE;

  ratio = g_ascii_strtod (text, NULL);
  *millionths = (gint64) (MIN (ratio, 2) * MILLION + 0.5);
  return *millionths <= MILLION;
}

static gboolean
is_url (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);

  if (*text == '\0')
    return TRUE;

  return uri != NULL && g_uri_get_userinfo (uri) == NULL && g_uri_get_host (uri) != NULL
         && *g_uri_get_host (uri) != '\0'
         && (g_str_equal (g_uri_get_scheme (uri), "http")
             || g_str_equal (g_uri_get_scheme (uri), "https"));
}

static gboolean
is_redis (const char *text)
{
  g_autoptr (DouRedisAddress) address = *text != '\0' ? dou_redis_address_parse (text) : NULL;

  return *text == '\0' || address != NULL;
}

static gboolean
is_sentinel (const char *text)
{
  g_autoptr (DouRedisAddress) address = g_new0 (DouRedisAddress, 1);

  return *text == '\0' || dou_redis_address_parse_sentinels (address, text);
}

static char **
parse_list (const char *text)
{
  g_auto (GStrv) parts = g_strsplit_set (text, ";,", -1);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **part = parts; *part != NULL; part++)
    if (*g_strstrip (*part) != '\0')
      g_strv_builder_add (list, *part);

  return g_strv_builder_end (list);
}

/**
 * dou_config_value_parse:
 * @self: an empty value
 * @entry: the setting
 * @text: as in the file
 *
 * Returns: whether @text was good; if not, @self is to be cleared all the same. The text itself is
 *   not kept
 */
gboolean
dou_config_value_parse (DouConfigValue *self, const DouConfigEntry *entry, const char *text)
{
  switch (entry->type)
    {
    case TYPE_STRING:
      break;
    case TYPE_LIST:
      self->list = parse_list (text);
      break;
    case TYPE_INTEGER:
      return parse_number (entry, text, plain_units, G_N_ELEMENTS (plain_units), &self->number);
    case TYPE_SIZE:
      return parse_number (entry, text, size_units, G_N_ELEMENTS (size_units), &self->number);
    case TYPE_DURATION:
      return parse_number (entry, text, duration_units, G_N_ELEMENTS (duration_units),
                           &self->number);
    case TYPE_BOOLEAN:
      self->number = g_str_equal (text, "on");
      return self->number || g_str_equal (text, "off");
    case TYPE_CHOICE:
      return parse_choice (entry, text, &self->number);
    case TYPE_RATE:
      return parse_rate (text, &self->rate);
    case TYPE_LEVELS:
      return parse_levels (text, &self->number);
    case TYPE_TIME_ZONE:
      return is_time_zone (text);
    case TYPE_RATIO:
      return parse_ratio (text, &self->number);
    case TYPE_URL:
      return is_url (text);
    case TYPE_REDIS:
      return is_redis (text);
    case TYPE_SENTINEL:
      return is_sentinel (text);
    default:
      g_assert_not_reached ();
    }

  return TRUE;
}

/**
 * dou_config_value_describe:
 * @entry: a setting
 *
 * Returns: (transfer full): what would be a good text for it
 */
char *
dou_config_value_describe (const DouConfigEntry *entry)
{
  /* Translations know no G_GINT64_FORMAT. */
  g_autofree char *minimum = g_strdup_printf ("%" G_GINT64_FORMAT, entry->minimum);
  g_autofree char *maximum = g_strdup_printf ("%" G_GINT64_FORMAT, entry->maximum);

  switch (entry->type)
    {
    case TYPE_INTEGER:
      return g_strdup_printf (_ ("a whole number from %s to %s"), minimum, maximum);
    case TYPE_SIZE:
      return g_strdup_printf (_ ("a size such as 64MiB or 1GiB, from %s to %s bytes"), minimum,
                              maximum);
    case TYPE_DURATION:
      return g_strdup_printf (_ ("a time such as 30s, 15min, 2h or 30d, from %s to %s seconds"),
                              minimum, maximum);
    case TYPE_BOOLEAN:
      return g_strdup (_ ("on or off"));
    case TYPE_CHOICE:
      return g_strdup_printf (_ ("one of %s"), entry->choices);
    case TYPE_RATE:
      return g_strdup (_ ("a rate such as 10/s, 30/min or 30/min burst 60, or off"));
    case TYPE_LEVELS:
      return g_strdup (_ ("debug, info or warning, or levels of parts such as info, video=debug"));
    case TYPE_TIME_ZONE:
      return g_strdup (_ ("a time zone such as Asia/Shanghai or +08"));
    case TYPE_RATIO:
      return g_strdup (_ ("a share from 0 to 1, such as 0.05"));
    case TYPE_URL:
      return g_strdup (_ ("a URL such as http://127.0.0.1:4318/v1/traces, or nothing"));
    case TYPE_REDIS:
      return g_strdup (_ ("redis://USER:PASSWORD@HOST:PORT/DATABASE or unix:PATH"));
    case TYPE_SENTINEL:
      return g_strdup (_ ("HOST:PORT,HOST:PORT,…;MASTER, or nothing"));
    case TYPE_STRING:
    case TYPE_LIST:
    default:
      return g_strdup (_ ("text"));
    }
}
