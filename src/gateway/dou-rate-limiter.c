/* SPDX-License-Identifier: Apache-2.0 */

/* Who must wait. Every class has one rate in the configuration. For what users do, it is that of a
 * user, and an address may do SHARED times as much, since a household or a school has one address;
 * for what anybody does, it is that of an address.
 *
 * Passwords: each wrong one takes from the bucket of its name and from that of the address. When
 * one of them is empty, the next attempt is refused without a look at the password, so guessing is
 * as slow for who guesses right. The owner of a name that somebody else guesses at waits, too,
 * until the bucket has filled by one; a token from before works all the time. What a right password
 * takes is given back. Names that do not exist count as well: the answer must not tell them apart.
 */

#include "config.h"

#include <string.h>

#include "common/dou-text.h"
#include "gateway/dou-rate-limiter.h"

/* How many users one address stands for. */
#define SHARED 10
/* Bytes of an IPv6 address that are one customer's: the rest is his to choose. */
#define IPV6_PREFIX 8
/* Characters of the longest name. */
#define MAX_NAME 32

/* What a bucket is for, beside its class. */
typedef enum
{
  SUBJECT_ADDRESS,
  SUBJECT_USER,
  SUBJECT_NAME,
  N_SUBJECTS
} Subject;

static const struct
{
  DouConfigKey key;
  gboolean is_of_user; /* or of a name, and not of an address */
} classes[] = {
  [DOU_RATE_GENERAL] = { DOU_CONFIG_RATE_GENERAL, FALSE },
  [DOU_RATE_LOGIN] = { DOU_CONFIG_RATE_LOGIN, FALSE },
  [DOU_RATE_FAILED_LOGIN] = { DOU_CONFIG_RATE_FAILED_LOGIN, TRUE },
  [DOU_RATE_REGISTER] = { DOU_CONFIG_RATE_REGISTER, FALSE },
  [DOU_RATE_PUBLISH] = { DOU_CONFIG_RATE_PUBLISH, TRUE },
  [DOU_RATE_COMMENT] = { DOU_CONFIG_RATE_COMMENT, TRUE },
  [DOU_RATE_MESSAGE] = { DOU_CONFIG_RATE_MESSAGE, TRUE },
  [DOU_RATE_REPORT] = { DOU_CONFIG_RATE_REPORT, TRUE },
  [DOU_RATE_EXPORT] = { DOU_CONFIG_RATE_EXPORT, TRUE },
};

G_STATIC_ASSERT (G_N_ELEMENTS (classes) == DOU_N_RATE_CLASSES);

struct _DouRateLimiter
{
  GObject parent_instance;

  DouRateTable *table; /* (owned) (nullable) NULL if there are no limits */
  DouRate rates[DOU_N_RATE_CLASSES];
};

G_DEFINE_FINAL_TYPE (DouRateLimiter, dou_rate_limiter, G_TYPE_OBJECT)

static void
dou_rate_limiter_finalize (GObject *object)
{
  DouRateLimiter *self = DOU_RATE_LIMITER (object);

  g_clear_object (&self->table);

  G_OBJECT_CLASS (dou_rate_limiter_parent_class)->finalize (object);
}

static void
dou_rate_limiter_class_init (DouRateLimiterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_rate_limiter_finalize;
}

static void
dou_rate_limiter_init (DouRateLimiter *self)
{
}

static DouRateLimiter *
rate_limiter_new (DouConfig *config, const char *path, const guint8 *secret, GError **error)
{
  g_autoptr (DouRateLimiter) self = g_object_new (DOU_TYPE_RATE_LIMITER, NULL);

  for (guint i = 0; i < DOU_N_RATE_CLASSES; i++)
    self->rates[i] = dou_config_get_rate (config, classes[i].key);

  if (dou_config_get_boolean (config, DOU_CONFIG_RATE_LIMITS))
    {
      self->table = secret != NULL ? dou_rate_table_new_shared (path, secret, error)
                                   : dou_rate_table_new (path, error);
      if (self->table == NULL)
        return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * dou_rate_limiter_new:
 * @config: has the rates, and whether they hold
 * @path: a file that all gateways of this machine share
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): a limiter, or %NULL
 */
DouRateLimiter *
dou_rate_limiter_new (DouConfig *config, const char *path, GError **error)
{
  return rate_limiter_new (config, path, NULL, error);
}

/**
 * dou_rate_limiter_new_shared:
 * @config: has the rates, and whether they hold
 * @path: a file that all gateways of this machine share
 * @secret: (array fixed-size=16): known to the other machines as well
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): a limiter that can tell other machines what it counts, or %NULL
 */
DouRateLimiter *
dou_rate_limiter_new_shared (DouConfig *config, const char *path, const guint8 *secret,
                             GError **error)
{
  return rate_limiter_new (config, path, secret, error);
}

static DouRate
dou_rate_limiter_get_rate (DouRateLimiter *self, DouRateClass rate_class, Subject subject)
{
  DouRate rate = self->rates[rate_class];

  if (subject != SUBJECT_ADDRESS || !classes[rate_class].is_of_user || rate.interval == 0)
    return rate;

  rate.interval = MAX (rate.interval / SHARED, 1);
  rate.burst *= SHARED;
  return rate;
}

static guint64
dou_rate_limiter_get_key (DouRateLimiter *self,
                          DouRateClass rate_class,
                          Subject subject,
                          gconstpointer bytes,
                          gsize length)
{
  return dou_rate_table_get_key (self->table, rate_class * N_SUBJECTS + subject, bytes, length);
}

static guint64
dou_rate_limiter_get_address_key (DouRateLimiter *self,
                                  DouRateClass rate_class,
                                  GInetAddress *address)
{
  gsize length = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
                     ? IPV6_PREFIX
                     : g_inet_address_get_native_size (address);

  return dou_rate_limiter_get_key (self, rate_class, SUBJECT_ADDRESS,
                                   g_inet_address_to_bytes (address), length);
}

/* Whole seconds, so that who waits for as long finds a token. */
static guint
to_seconds (gint64 wait)
{
  return (guint) ((wait + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

static guint
dou_rate_limiter_take (DouRateLimiter *self, DouRateClass rate_class, Subject subject, guint64 key)
{
  DouRate rate = dou_rate_limiter_get_rate (self, rate_class, subject);

  return to_seconds (dou_rate_table_take (self->table, key, &rate, g_get_monotonic_time ()));
}

/* A guess that was none. */
static void
dou_rate_limiter_give_back (DouRateLimiter *self, Subject subject, guint64 key)
{
  DouRate rate = dou_rate_limiter_get_rate (self, DOU_RATE_FAILED_LOGIN, subject);

  dou_rate_table_give_back (self->table, key, &rate);
}

/**
 * dou_rate_limiter_admit_address:
 * @self: a limiter
 * @rate_class: what is to be done
 * @address: (nullable): who wants it done; %NULL may do everything
 *
 * Counts it, unless it is too much.
 *
 * Returns: 0, or seconds to wait
 */
guint
dou_rate_limiter_admit_address (DouRateLimiter *self,
                                DouRateClass rate_class,
                                GInetAddress *address)
{
  g_return_val_if_fail (DOU_IS_RATE_LIMITER (self), 0);

  if (self->table == NULL || address == NULL)
    return 0;

  return dou_rate_limiter_take (self, rate_class, SUBJECT_ADDRESS,
                                dou_rate_limiter_get_address_key (self, rate_class, address));
}

/**
 * dou_rate_limiter_admit_user:
 * @self: a limiter
 * @rate_class: what is to be done; general is not counted for users
 * @user: who wants it done
 *
 * Counts it, unless it is too much.
 *
 * Returns: 0, or seconds to wait
 */
guint
dou_rate_limiter_admit_user (DouRateLimiter *self, DouRateClass rate_class, gint64 user)
{
  g_return_val_if_fail (DOU_IS_RATE_LIMITER (self), 0);

  if (self->table == NULL || !classes[rate_class].is_of_user)
    return 0;

  return dou_rate_limiter_take (
      self, rate_class, SUBJECT_USER,
      dou_rate_limiter_get_key (self, rate_class, SUBJECT_USER, &user, sizeof user));
}

/* In the form under which the user domain keeps names unique: guesses count together however the name is
 * spelt. What cannot be a name counts as it is. */
static guint64
dou_rate_limiter_get_name_key (DouRateLimiter *self, const char *name)
{
  g_autofree char *normal = dou_text_normalize (name, DOU_TEXT_SINGLE_LINE, MAX_NAME);
  g_autofree char *folded = normal != NULL ? dou_text_fold (normal) : g_strdup (name);

  return dou_rate_limiter_get_key (self, DOU_RATE_FAILED_LOGIN, SUBJECT_NAME, folded,
                                   strlen (folded));
}

static guint64
dou_rate_limiter_get_guess_key (DouRateLimiter *self, gint64 user)
{
  return dou_rate_limiter_get_key (self, DOU_RATE_FAILED_LOGIN, SUBJECT_USER, &user, sizeof user);
}

static guint
dou_rate_limiter_begin_attempt (DouRateLimiter *self, Subject subject, guint64 key, GInetAddress *address)
{
  guint wait = dou_rate_limiter_take (self, DOU_RATE_FAILED_LOGIN, subject, key);

  if (wait > 0)
    return wait;

  wait = dou_rate_limiter_admit_address (self, DOU_RATE_FAILED_LOGIN, address);
  if (wait > 0)
    dou_rate_limiter_give_back (self, subject, key);
  return wait;
}

static void
dou_rate_limiter_end_attempt (DouRateLimiter *self, Subject subject, guint64 key, GInetAddress *address)
{
  dou_rate_limiter_give_back (self, subject, key);
  if (address != NULL)
    dou_rate_limiter_give_back (
        self, SUBJECT_ADDRESS,
        dou_rate_limiter_get_address_key (self, DOU_RATE_FAILED_LOGIN, address));
}

/**
 * dou_rate_limiter_begin_login:
 * @self: a limiter
 * @name: for which there is a password to be checked
 * @address: (nullable): where it came from
 *
 * Counts it as if the password were wrong, so that of many guesses at the same time no more are
 * looked at than one after the other.
 *
 * Returns: 0, and then dou_rate_limiter_end_login() is to be called; or seconds to wait
 */
guint
dou_rate_limiter_begin_login (DouRateLimiter *self, const char *name, GInetAddress *address)
{
  g_return_val_if_fail (DOU_IS_RATE_LIMITER (self), 0);

  if (self->table == NULL)
    return 0;

  return dou_rate_limiter_begin_attempt (self, SUBJECT_NAME, dou_rate_limiter_get_name_key (self, name), address);
}

/**
 * dou_rate_limiter_end_login:
 * @self: a limiter
 * @name: given to dou_rate_limiter_begin_login()
 * @address: (nullable): given to dou_rate_limiter_begin_login()
 * @has_failed: the password was wrong
 */
void
dou_rate_limiter_end_login (DouRateLimiter *self,
                            const char *name,
                            GInetAddress *address,
                            gboolean has_failed)
{
  g_return_if_fail (DOU_IS_RATE_LIMITER (self));

  if (self->table != NULL && !has_failed)
    dou_rate_limiter_end_attempt (self, SUBJECT_NAME, dou_rate_limiter_get_name_key (self, name), address);
}

/**
 * dou_rate_limiter_begin_guess:
 * @self: a limiter
 * @user: who is logged in, and has given a password again
 * @address: (nullable): where it came from
 *
 * As dou_rate_limiter_begin_login(), but in a count that nobody reaches by a login, whatever name he gives.
 *
 * Returns: 0, and then dou_rate_limiter_end_guess() is to be called; or seconds to wait
 */
guint
dou_rate_limiter_begin_guess (DouRateLimiter *self, gint64 user, GInetAddress *address)
{
  g_return_val_if_fail (DOU_IS_RATE_LIMITER (self), 0);

  if (self->table == NULL)
    return 0;

  return dou_rate_limiter_begin_attempt (self, SUBJECT_USER, dou_rate_limiter_get_guess_key (self, user), address);
}

/**
 * dou_rate_limiter_end_guess:
 * @self: a limiter
 * @user: given to dou_rate_limiter_begin_guess()
 * @address: (nullable): given to dou_rate_limiter_begin_guess()
 * @has_failed: the password was wrong
 */
void
dou_rate_limiter_end_guess (DouRateLimiter *self, gint64 user, GInetAddress *address, gboolean has_failed)
{
  g_return_if_fail (DOU_IS_RATE_LIMITER (self));

  if (self->table != NULL && !has_failed)
    dou_rate_limiter_end_attempt (self, SUBJECT_USER, dou_rate_limiter_get_guess_key (self, user), address);
}

/**
 * dou_rate_limiter_collect:
 * @self: a limiter of dou_rate_limiter_new_shared()
 * @charges: (out caller-allocates) (array length=max_charges): what was counted on this machine since the
 *   last time
 * @max_charges: eight or more
 *
 * Returns: how many there are
 */
guint
dou_rate_limiter_collect (DouRateLimiter *self, DouRateCharge *charges, guint max_charges)
{
  g_return_val_if_fail (DOU_IS_RATE_LIMITER (self), 0);

  return self->table != NULL ? dou_rate_table_collect (self->table, charges, max_charges) : 0;
}

/**
 * dou_rate_limiter_charge:
 * @self: a limiter
 * @charge: what was counted on another machine, whoever says so
 *
 * Counts it here as well, at the rates of this machine.
 */
void
dou_rate_limiter_charge (DouRateLimiter *self, const DouRateCharge *charge)
{
  guint kind = dou_rate_table_get_kind (charge->key);
  DouRate rate;

  g_return_if_fail (DOU_IS_RATE_LIMITER (self));

  if (self->table == NULL || kind >= DOU_N_RATE_CLASSES * N_SUBJECTS)
    return;

  rate = dou_rate_limiter_get_rate (self, kind / N_SUBJECTS, kind % N_SUBJECTS);
  dou_rate_table_charge (self->table, charge, &rate, g_get_monotonic_time ());
}
