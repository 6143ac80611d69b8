/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-demo-client.h"
#include "launcher/dou-wait.h"

/* A server that does not answer for this long has a trouble of its own. */
#define TIMEOUT_SECONDS 60

struct _DouDemoClient
{
  GObject parent_instance;

  char *base;           /* (owned) URL without a slash at its end */
  SoupSession *session; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouDemoClient, dou_demo_client, G_TYPE_OBJECT)

static void
dou_demo_client_finalize (GObject *object)
{
  DouDemoClient *self = DOU_DEMO_CLIENT (object);

  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_free (self->base);

  G_OBJECT_CLASS (dou_demo_client_parent_class)->finalize (object);
}

static void
dou_demo_client_class_init (DouDemoClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_demo_client_finalize;
}

static void
dou_demo_client_init (DouDemoClient *self)
{
  self->session = soup_session_new ();
  soup_session_set_timeout (self->session, TIMEOUT_SECONDS);
  /* The way to a server nearby leads through no proxy. */
  soup_session_set_proxy_resolver (self->session, NULL);
  soup_session_set_user_agent (self->session, "doutok-demo ");
  /* The server's messages come in the language of whoever runs the demo. */
  soup_session_set_accept_language_auto (self->session, TRUE);
}

/**
 * dou_demo_client_new:
 * @url: where the server is, `http://ADDRESS:PORT`
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: (transfer full): the client, or %NULL if @url is none
 */
DouDemoClient *
dou_demo_client_new (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  DouDemoClient *self;
  gsize length;

  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0'
      || (!g_str_equal (g_uri_get_scheme (uri), "http")
          && !g_str_equal (g_uri_get_scheme (uri), "https")))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("“%s” is not a URL such as http://127.0.0.1:8080"), url);
      return NULL;
    }

  self = g_object_new (DOU_TYPE_DEMO_CLIENT, NULL);
  self->base = g_strdup (url);
  for (length = strlen (self->base); length > 0 && self->base[length - 1] == '/'; length--)
    self->base[length - 1] = '\0';
  return self;
}

static JsonObject *
parse_answer (GBytes *body)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  JsonNode *root;

  if (!json_parser_load_from_data (parser, text, (gssize) length, NULL))
    return NULL;

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)
      || !json_object_has_member (json_node_get_object (root), "status_code"))
    return NULL;

  return json_object_ref (json_node_get_object (root));
}

/* Returns: (transfer full): what the server answered, its status_code whatever it is; or NULL */
static JsonObject *
dou_demo_client_send (DouDemoClient *self, SoupMessage *message, GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) local_error = NULL;
  JsonObject *answer;

  soup_session_send_and_read_async (self->session, message, G_PRIORITY_DEFAULT, cancellable,
                                    dou_wait_result_cb, &result);
  body = soup_session_send_and_read_finish (self->session, dou_wait_for_result (&result),
                                            &local_error);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (body == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("No server answers at %s: %s"),
                   self->base, local_error->message);
      return NULL;
    }

  answer = parse_answer (body);
  if (answer == NULL)
    g_set_error (error, DOU_ERROR, DOU_STATUS_SERVICE,
                 _ ("What answers at %s is no DouTok (HTTP %u)"),
                 self->base, soup_message_get_status (message));
  return answer;
}

static gboolean
check_answer (JsonObject *answer, const char *what, GError **error)
{
  if (json_object_get_int_member_with_default (answer, "status_code", -1) == 0)
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_SERVICE, "%s: %s", what,
               json_object_get_string_member_with_default (answer, "status_msg", "?"));
  return FALSE;
}

static JsonObject *
dou_demo_client_get (DouDemoClient *self, const char *path, GCancellable *cancellable,
                     GError **error)
{
  g_autofree char *uri = g_strconcat (self->base, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, uri);

  return dou_demo_client_send (self, message, cancellable, error);
}

/**
 * dou_demo_client_has_videos:
 * @self: a client
 * @has_videos: (out): whether anybody has published anything
 * @cancellable: (nullable): to give up
 * @error: return location for a %DOU_ERROR or %G_IO_ERROR_CANCELLED
 *
 * Returns: whether the server answered
 */
gboolean
dou_demo_client_has_videos (DouDemoClient *self, gboolean *has_videos, GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (JsonObject) answer = NULL;
  JsonNode *list;

  g_return_val_if_fail (DOU_IS_DEMO_CLIENT (self), FALSE);

  answer = dou_demo_client_get (self, "/douyin/feed/", cancellable, error);
  if (answer == NULL || !check_answer (answer, "feed", error))
    return FALSE;

  list = json_object_get_member (answer, "video_list");
  *has_videos = list != NULL && JSON_NODE_HOLDS_ARRAY (list)
                && json_array_get_length (json_node_get_array (list)) > 0;
  return TRUE;
}

static JsonObject *
dou_demo_client_post_account (DouDemoClient *self, const char *path, const char *name,
                              const char *password, GCancellable *cancellable, GError **error)
{
  g_autofree char *uri = g_strconcat (self->base, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new_from_encoded_form (
      SOUP_METHOD_POST, uri, soup_form_encode ("username", name, "password", password, NULL));

  return dou_demo_client_send (self, message, cancellable, error);
}

/**
 * dou_demo_client_log_in:
 * @self: a client
 * @name: a user name
 * @password: the password
 * @cancellable: (nullable): to give up
 * @error: return location for a %DOU_ERROR or %G_IO_ERROR_CANCELLED
 *
 * Registers a user, or logs in if it exists.
 *
 * Returns: (transfer full): a token, or %NULL
 */
char *
dou_demo_client_log_in (DouDemoClient *self, const char *name, const char *password,
                        GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) answer = NULL;
  const int exists = dou_status_get_info (DOU_STATUS_USER_EXISTS)->status_code;

  g_return_val_if_fail (DOU_IS_DEMO_CLIENT (self), NULL);

  answer = dou_demo_client_post_account (self, "/douyin/user/register/", name, password,
                                         cancellable, error);
  if (answer != NULL
      && json_object_get_int_member_with_default (answer, "status_code", -1) == exists)
    {
      g_clear_pointer (&answer, json_object_unref);
      answer = dou_demo_client_post_account (self, "/douyin/user/login/", name, password,
                                             cancellable, error);
    }
  if (answer == NULL || !check_answer (answer, name, error))
    return NULL;

  return g_strdup (json_object_get_string_member_with_default (answer, "token", ""));
}

/**
 * dou_demo_client_publish:
 * @self: a client
 * @token: of the author
 * @title: of the video
 * @path: an MP4 file
 * @cancellable: (nullable): to give up
 * @error: return location for a %DOU_ERROR or %G_IO_ERROR_CANCELLED
 *
 * Returns: whether the video is published
 */
gboolean
dou_demo_client_publish (DouDemoClient *self, const char *token, const char *title,
                         const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *uri = NULL;
  g_autoptr (SoupMultipart) form = soup_multipart_new (SOUP_FORM_MIME_TYPE_MULTIPART);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, error);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (JsonObject) answer = NULL;

  g_return_val_if_fail (DOU_IS_DEMO_CLIENT (self), FALSE);

  if (file == NULL)
    return FALSE;

  bytes = g_mapped_file_get_bytes (file);
  uri = g_strconcat (self->base, "/douyin/publish/action/", NULL);
  soup_multipart_append_form_string (form, "token", token);
  soup_multipart_append_form_string (form, "title", title);
  soup_multipart_append_form_file (form, "data", "demo.mp4", "video/mp4", bytes);
  message = soup_message_new_from_multipart (uri, form);

  answer = dou_demo_client_send (self, message, cancellable, error);
  return answer != NULL && check_answer (answer, title, error);
}
