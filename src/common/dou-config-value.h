/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/* What a setting may be, and what its text means; for dou-config.c alone. */

#define KIB G_GINT64_CONSTANT (1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define DAY G_GINT64_CONSTANT (86400)

typedef enum
{
  TYPE_STRING,
  TYPE_LIST,     /* separated by ; */
  TYPE_INTEGER,  /* decimal digits */
  TYPE_SIZE,     /* bytes, or with KiB, MiB, GiB */
  TYPE_DURATION, /* seconds, or with s, min, h, d */
  TYPE_BOOLEAN,  /* on | off */
  TYPE_CHOICE,   /* one of `choices` */
  TYPE_RATE,      /* so many a time, as 30/min or 30/min burst 60; or off */
  TYPE_LEVELS,    /* of the log, as dou_log_levels_parse() takes them */
  TYPE_TIME_ZONE, /* as g_time_zone_new_identifier() takes it */
  TYPE_RATIO,     /* from 0 to 1, kept in millionths */
  TYPE_URL,       /* of http or https, without a user; or empty */
  TYPE_REDIS,     /* as dou_redis_address_parse() takes it */
  TYPE_SENTINEL,  /* as dou_redis_address_parse_sentinels() takes it; or empty */
} DouConfigType;

/**
 * DouConfigEntry:
 *
 * A setting: where it stands, and what it may be.
 */
typedef struct
{
  const char *group;
  const char *name;
  DouConfigType type;
  const char *value; /* the default */
  gint64 minimum;
  gint64 maximum;
  const char *choices; /* separated by | */
} DouConfigEntry;

/**
 * DouConfigValue:
 *
 * What a setting is set to.
 */
typedef struct
{
  char *text;    /* (owned) as written */
  char **list;   /* (owned) (nullable) for lists */
  gint64 number; /* for everything that counts */
  DouRate rate;
} DouConfigValue;

gboolean dou_config_value_parse (DouConfigValue *self, const DouConfigEntry *entry, const char *text);
char *dou_config_value_describe (const DouConfigEntry *entry);
void dou_config_value_clear (DouConfigValue *self);

G_END_DECLS
