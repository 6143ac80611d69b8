/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * DouConfigKey:
 *
 * Every setting there is. Group, name, type, default and range stand in one table in dou-config.c;
 * data/doutok.conf documents them, and a test holds the two together.
 */
typedef enum
{
  DOU_CONFIG_LISTEN,          /* list of ADDRESS:PORT */
  DOU_CONFIG_WORKERS,         /* gateway processes; 0 = one per core */
  DOU_CONFIG_PUBLIC_URL,      /* URL or empty */
  DOU_CONFIG_TLS_CERTIFICATE, /* path or empty */
  DOU_CONFIG_TLS_KEY,         /* path or empty */
  DOU_CONFIG_TRUSTED_PROXIES, /* list of ADDRESS[/BITS] */
  DOU_CONFIG_CORS_ORIGINS,    /* list of origins, or * */
  DOU_CONFIG_STATE_DIR,       /* path */
  DOU_CONFIG_RUNTIME_DIR,     /* path */
  DOU_CONFIG_TIME_ZONE,       /* name of a time zone, or empty */
  DOU_CONFIG_NODE_ID,         /* 0 … 15 */
  DOU_CONFIG_DATABASE_ENGINE,        /* sqlite | postgresql | mysql */
  DOU_CONFIG_DATABASE_HOST,          /* name, address, or path of a unix socket */
  DOU_CONFIG_DATABASE_PORT,          /* 0 = that of the engine */
  DOU_CONFIG_DATABASE_NAME,          /* of the database on the server */
  DOU_CONFIG_DATABASE_USER,          /* of the server */
  DOU_CONFIG_DATABASE_PASSWORD,      /* or empty */
  DOU_CONFIG_DATABASE_PASSWORD_FILE, /* path or empty */
  DOU_CONFIG_DATABASE_POOL,          /* reading connections a service */
  DOU_CONFIG_REDIS_URL,       /* URL or empty */
  DOU_CONFIG_REDIS_SENTINEL,  /* HOST:PORT,…;MASTER or empty */
  DOU_CONFIG_MEDIA_STORE,        /* local | s3 */
  DOU_CONFIG_S3_ENDPOINT,        /* URL of the object store */
  DOU_CONFIG_S3_REGION,          /* as the store calls it */
  DOU_CONFIG_S3_BUCKET,          /* name */
  DOU_CONFIG_S3_ACCESS_KEY,      /* who signs */
  DOU_CONFIG_S3_SECRET_KEY,      /* or empty */
  DOU_CONFIG_S3_SECRET_KEY_FILE, /* path or empty */
  DOU_CONFIG_S3_PATH_STYLE,      /* boolean: the bucket is in the path, not in the name of the host */
  DOU_CONFIG_S3_REDIRECT,        /* signed | proxy */
  DOU_CONFIG_LOG_LEVEL,       /* levels: of all parts, and of single ones */
  DOU_CONFIG_LOG_FORMAT,      /* auto | text | json: a DouLogFormat */
  DOU_CONFIG_LOG_ACCESS,      /* boolean: a line for each request */
  DOU_CONFIG_METRICS_ALLOW,   /* list of ADDRESS[/BITS] */
  DOU_CONFIG_TRACE_ENDPOINT,  /* URL or empty */
  DOU_CONFIG_TRACE_SAMPLE,    /* ratio */
  DOU_CONFIG_RATE_LIMITS,     /* boolean */
  DOU_CONFIG_RATE_GENERAL,      /* rate: requests of an address */
  DOU_CONFIG_RATE_LOGIN,        /* rate: of an address */
  DOU_CONFIG_RATE_FAILED_LOGIN, /* rate: for a name */
  DOU_CONFIG_RATE_REGISTER,     /* rate: of an address */
  DOU_CONFIG_RATE_PUBLISH,      /* rate: of a user */
  DOU_CONFIG_RATE_COMMENT,      /* rate: of a user */
  DOU_CONFIG_RATE_MESSAGE,      /* rate: of a user */
  DOU_CONFIG_RATE_REPORT,       /* rate: of a user */
  DOU_CONFIG_RATE_EXPORT,       /* rate: of a user */
  DOU_CONFIG_MAX_CONNECTIONS, /* connections a gateway process */
  DOU_CONFIG_MAX_CONNECTIONS_PER_ADDRESS, /* of these */
  DOU_CONFIG_MAX_UPLOAD,      /* bytes */
  DOU_CONFIG_MAX_QUEUE,       /* items waiting for one method */
  DOU_CONFIG_IDLE_TIMEOUT,    /* seconds */
  DOU_CONFIG_REQUEST_TIMEOUT, /* seconds */
  DOU_CONFIG_WORDS_FILE,      /* path or empty */
  DOU_CONFIG_WORDS_ACTION,    /* refuse | mask */
  DOU_CONFIG_MAX_PASSWORD,    /* characters */
  DOU_CONFIG_TOKEN_LIFETIME,  /* seconds */
  DOU_CONFIG_MESSAGES_FROM,   /* anyone | friends */
  DOU_CONFIG_MAX_DURATION,    /* seconds */
  DOU_CONFIG_MEDIA_MEMORY,    /* bytes */
  DOU_CONFIG_TRANSCODE_LEASE, /* seconds */
  DOU_CONFIG_CACHE_GATEWAY,   /* bytes, of all gateway processes together */
  DOU_CONFIG_CACHE_SERVICE,   /* bytes, of a service, for each kind of rows */
  DOU_CONFIG_CACHE_LIFE,      /* seconds */
  DOU_N_CONFIG_KEYS
} DouConfigKey;

/**
 * DouConfigError:
 * @DOU_CONFIG_ERROR_UNKNOWN_KEY: a group or key that does not exist
 * @DOU_CONFIG_ERROR_BAD_VALUE: a value of the wrong form or out of range
 * @DOU_CONFIG_ERROR_UNREADABLE: the file cannot be read, or is not a key file
 */
typedef enum
{
  DOU_CONFIG_ERROR_UNKNOWN_KEY,
  DOU_CONFIG_ERROR_BAD_VALUE,
  DOU_CONFIG_ERROR_UNREADABLE,
} DouConfigError;

/**
 * DouRate:
 * @interval: microseconds after which there is one more; 0 = no limit
 * @burst: how many there may be at once
 *
 * How often something may happen.
 */
typedef struct
{
  gint64 interval;
  gint64 burst;
} DouRate;

#define DOU_CONFIG_ERROR (dou_config_error_quark ())
GQuark dou_config_error_quark (void);

#define DOU_TYPE_CONFIG (dou_config_get_type ())
G_DECLARE_FINAL_TYPE (DouConfig, dou_config, DOU, CONFIG, GObject)

DouConfig *dou_config_new (void);
gboolean dou_config_load_file (DouConfig *self, const char *path, GError **error);
gboolean dou_config_set (DouConfig *self, DouConfigKey key, const char *value, GError **error);
gboolean dou_config_save (DouConfig *self, const char *path, GError **error);

gint64 dou_config_get_int64 (DouConfig *self, DouConfigKey key);
gboolean dou_config_get_boolean (DouConfig *self, DouConfigKey key);
DouRate dou_config_get_rate (DouConfig *self, DouConfigKey key);
const char *dou_config_get_string (DouConfig *self, DouConfigKey key);
const char *const *dou_config_get_list (DouConfig *self, DouConfigKey key);

/* For documentation and its test. */
const char *dou_config_key_get_group (DouConfigKey key);
const char *dou_config_key_get_name (DouConfigKey key);
const char *dou_config_key_get_default (DouConfigKey key);

G_END_DECLS
