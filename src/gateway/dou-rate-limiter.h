/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-config.h"
#include "gateway/dou-rate-table.h"

G_BEGIN_DECLS

/**
 * DouRateClass:
 * @DOU_RATE_GENERAL: any request
 *
 * What is counted by itself. A request counts as general, and as what its route says.
 */
typedef enum
{
  DOU_RATE_GENERAL,
  DOU_RATE_LOGIN,
  DOU_RATE_FAILED_LOGIN,
  DOU_RATE_REGISTER,
  DOU_RATE_PUBLISH,
  DOU_RATE_COMMENT,
  DOU_RATE_MESSAGE,
  DOU_RATE_REPORT,
  DOU_RATE_EXPORT,
  DOU_N_RATE_CLASSES
} DouRateClass;

/**
 * DouRateLimiter:
 *
 * How much an address, a user and who guesses a password may do. All of it can be switched off.
 */
#define DOU_TYPE_RATE_LIMITER (dou_rate_limiter_get_type ())
G_DECLARE_FINAL_TYPE (DouRateLimiter, dou_rate_limiter, DOU, RATE_LIMITER, GObject)

DouRateLimiter *dou_rate_limiter_new (DouConfig *config, const char *path, GError **error);
DouRateLimiter *dou_rate_limiter_new_shared (DouConfig *config, const char *path,
                                             const guint8 *secret, GError **error);

guint dou_rate_limiter_admit_address (DouRateLimiter *self,
                                      DouRateClass rate_class,
                                      GInetAddress *address);
guint dou_rate_limiter_admit_user (DouRateLimiter *self, DouRateClass rate_class, gint64 user);
guint
dou_rate_limiter_begin_login (DouRateLimiter *self, const char *name, GInetAddress *address);
void dou_rate_limiter_end_login (DouRateLimiter *self,
                                 const char *name,
                                 GInetAddress *address,
                                 gboolean has_failed);
guint dou_rate_limiter_begin_guess (DouRateLimiter *self, gint64 user, GInetAddress *address);
void dou_rate_limiter_end_guess (DouRateLimiter *self, gint64 user, GInetAddress *address, gboolean has_failed);

guint dou_rate_limiter_collect (DouRateLimiter *self, DouRateCharge *charges, guint max_charges);
void dou_rate_limiter_charge (DouRateLimiter *self, const DouRateCharge *charge);

G_END_DECLS
