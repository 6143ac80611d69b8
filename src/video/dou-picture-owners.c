/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-picture-owners.h"

#include "dou-dbus-user.h"

/* Milliseconds: as the gateways wait for the same call. */
#define CALL_TIMEOUT 10000

struct _DouPictureOwners
{
  GObject parent_instance;

  DouService *service;      /* (unowned) has the connection, and so outlives this */
  DouPictureKeeper *keeper; /* (owned) */
  DouDBusUser1 *users;      /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouPictureOwners, dou_picture_owners, G_TYPE_OBJECT)

static void
dou_picture_owners_dispose (GObject *object)
{
  DouPictureOwners *self = DOU_PICTURE_OWNERS (object);

  if (self->keeper != NULL)
    g_signal_handlers_disconnect_by_data (self->keeper, self);
  g_clear_object (&self->keeper);
  g_clear_object (&self->users);

  G_OBJECT_CLASS (dou_picture_owners_parent_class)->dispose (object);
}

static void
dou_picture_owners_class_init (DouPictureOwnersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_picture_owners_dispose;
}

static void
dou_picture_owners_init (DouPictureOwners *self)
{
}

/* Somebody who does not exist names none. */
static GHashTable *
read_names (GVariant *users)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *avatar, *background;
  GVariantIter iter;

  g_variant_iter_init (&iter, users);
  while (g_variant_iter_next (&iter, "(ix&s&s&s&s)", NULL, NULL, NULL, &avatar, &background, NULL))
    {
      g_hash_table_add (names, g_strdup (avatar));
      g_hash_table_add (names, g_strdup (background));
    }

  return names;
}

static void
got_users_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouPictureOwners) self = user_data;
  g_autoptr (GVariant) users = NULL;
  g_autoptr (GHashTable) names = NULL;
  g_autoptr (GError) error = NULL;

  if (dou_dbus_user1_call_get_users_finish (DOU_DBUS_USER1 (source), &users, result, &error))
    names = read_names (users);
  else
    g_info ("GetUsers: %s", error->message);

  dou_picture_keeper_answer (self->keeper, names);
  dou_service_release (self->service);
}

static void
due_cb (DouPictureKeeper *keeper, GArray *owners, gpointer user_data)
{
  DouPictureOwners *self = user_data;

  dou_service_hold (self->service);
  dou_dbus_user1_call_get_users (
      self->users,
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, owners->data, owners->len, sizeof (gint64)),
      G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT, NULL, got_users_cb, g_object_ref (self));
}

/**
 * dou_picture_owners_new:
 * @service: (transfer none): has the connection to the bus; outlives the object
 * @keeper: who asks
 * @error: return location
 *
 * Returns: (transfer full): an object, or %NULL
 */
DouPictureOwners *
dou_picture_owners_new (DouService *service, DouPictureKeeper *keeper, GError **error)
{
  g_autoptr (DouPictureOwners) self = g_object_new (DOU_TYPE_PICTURE_OWNERS, NULL);

  /* The bus starts the service at the first call. */
  self->users = dou_dbus_user1_proxy_new_sync (
      dou_service_get_connection (service),
      G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS
          | G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START_AT_CONSTRUCTION,
      "org.doutok.User", "/org/doutok/User", NULL, error);
  if (self->users == NULL)
    return NULL;

  self->service = service;
  self->keeper = g_object_ref (keeper);
  g_signal_connect (keeper, "due", G_CALLBACK (due_cb), self);
  return g_steal_pointer (&self);
}
