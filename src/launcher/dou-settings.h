/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouSettings:
 *
 * What the command line says about the configuration; what it does not mention is %NULL. A command
 * points its #GOptionEntry's here, those of DOU_SETTINGS_PLACES at least.
 */
typedef struct
{
  char *config;      /* (owned) (nullable) */
  char *state_dir;   /* (owned) (nullable) */
  char *runtime_dir; /* (owned) (nullable) */
  char **listen;     /* (owned) (nullable) */
  char *workers;     /* (owned) (nullable) */
  char *public_url;  /* (owned) (nullable) */
} DouSettings;

#define DOU_SETTINGS_PLACES(settings) \
  { "config", 0, 0, G_OPTION_ARG_FILENAME, &(settings)->config, N_ ("Configuration file"), \
    N_ ("FILE") }, \
  { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &(settings)->state_dir, \
    N_ ("Where users, videos and keys are kept"), N_ ("DIR") }, \
  { "runtime-dir", 0, 0, G_OPTION_ARG_FILENAME, &(settings)->runtime_dir, \
    N_ ("Where the private bus lives while running"), N_ ("DIR") }

void dou_settings_clear (DouSettings *self);
char *dou_settings_get_config_path (DouSettings *self);
DouConfig *dou_settings_merge (DouSettings *self, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouSettings, dou_settings_clear)

G_END_DECLS
