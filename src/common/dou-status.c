/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "common/dou-status.h"

#define NAME(n) "org.doutok.Error." n

/* Indexed by DouStatus. The status codes up to 10007 are those that clients of this family already
 * know; 10010 and above are DouTok's own. */
static const DouStatusInfo infos[] = {
  [DOU_STATUS_OK] = { NULL, 0, 200, N_ ("success") },
  [DOU_STATUS_INTERNAL] = { NAME ("Internal"), 10007, 200, N_ ("internal error") },
  [DOU_STATUS_SERVICE] = { NAME ("Service"), 10001, 200, N_ ("service error") },
  [DOU_STATUS_BAD_PARAMETER]
  = { NAME ("BadParameter"), 10002, 200, N_ ("a parameter is missing or invalid") },
  [DOU_STATUS_BAD_REQUEST] = { NAME ("BadRequest"), 10005, 400, N_ ("malformed request") },
  [DOU_STATUS_USER_EXISTS]
  = { NAME ("UserExists"), 10003, 200, N_ ("this user name is already taken") },
  [DOU_STATUS_UNAUTHORIZED]
  = { NAME ("Unauthorized"), 10004, 200, N_ ("please log in: the token is missing or not valid") },
  [DOU_STATUS_BAD_CREDENTIALS]
  = { NAME ("BadCredentials"), 10004, 200, N_ ("wrong user name or password") },
  [DOU_STATUS_NOT_FOUND] = { NAME ("NotFound"), 10010, 404, N_ ("there is nothing at this path") },
  [DOU_STATUS_NOT_PERMITTED]
  = { NAME ("NotPermitted"), 10011, 200, N_ ("you are not permitted to do this") },
  [DOU_STATUS_TOO_LARGE] = { NAME ("TooLarge"), 10012, 413, N_ ("the request is too large") },
  [DOU_STATUS_UNSUPPORTED_MEDIA]
  = { NAME ("UnsupportedMedia"), 10013, 200,
      N_ ("this is not a video: MP4, MOV, WebM and Matroska files are accepted") },
  [DOU_STATUS_RATE_LIMITED]
  = { NAME ("RateLimited"), 10014, 429, N_ ("too many requests, please slow down") },
  [DOU_STATUS_UNAVAILABLE]
  = { NAME ("Unavailable"), 10015, 503, N_ ("the server is busy, please try again") },
  [DOU_STATUS_USER_NOT_FOUND]
  = { NAME ("UserNotFound"), 10010, 200, N_ ("this user does not exist") },
  [DOU_STATUS_VIDEO_NOT_FOUND]
  = { NAME ("VideoNotFound"), 10010, 200, N_ ("this video does not exist") },
  [DOU_STATUS_BAD_USER_NAME]
  = { NAME ("BadUserName"), 10002, 200,
      N_ ("a user name has 1 to 32 characters and no control characters") },
  [DOU_STATUS_BAD_PASSWORD]
  = { NAME ("BadPassword"), 10002, 200, N_ ("the password is empty or too long") },
  [DOU_STATUS_BAD_TITLE]
  = { NAME ("BadTitle"), 10002, 200,
      N_ ("a title has 1 to 200 characters and no control characters") },
  [DOU_STATUS_NO_FILE] = { NAME ("NoFile"), 10002, 200, N_ ("no video file was sent") },
  [DOU_STATUS_MEDIA_DAMAGED]
  = { NAME ("MediaDamaged"), 10013, 200, N_ ("the video is damaged or incomplete") },
  [DOU_STATUS_MEDIA_NO_VIDEO]
  = { NAME ("MediaNoVideo"), 10013, 200, N_ ("the file contains no video") },
  [DOU_STATUS_MEDIA_TOO_LONG] = { NAME ("MediaTooLong"), 10013, 200, N_ ("the video is too long") },
  [DOU_STATUS_MEDIA_TOO_BIG]
  = { NAME ("MediaTooBig"), 10013, 200,
      N_ ("the video's picture size, streams or codecs are not accepted") },
  [DOU_STATUS_METHOD_NOT_ALLOWED]
  = { NAME ("MethodNotAllowed"), 10005, 405, N_ ("this path does not take this method") },
  [DOU_STATUS_TIMEOUT] = { NAME ("Timeout"), 10005, 408, N_ ("the request took too long") },
  [DOU_STATUS_DISK_FULL]
  = { NAME ("DiskFull"), 10015, 503, N_ ("the server has no room for this upload") },
  [DOU_STATUS_COMMENT_NOT_FOUND]
  = { NAME ("CommentNotFound"), 10010, 200, N_ ("this comment does not exist") },
  [DOU_STATUS_BAD_TEXT]
  = { NAME ("BadText"), 10002, 200,
      N_ ("a text has 1 to 1,000 characters and no control characters") },
  [DOU_STATUS_BAD_SIGNATURE]
  = { NAME ("BadSignature"), 10002, 200,
      N_ ("a signature has at most 200 characters, not only blanks, and no control characters") },
  [DOU_STATUS_WRONG_PASSWORD]
  = { NAME ("WrongPassword"), 10004, 200, N_ ("the old password is wrong") },
  [DOU_STATUS_NO_PICTURE]
  = { NAME ("NoPicture"), 10013, 200,
      N_ ("this is not a picture: JPEG, PNG and WebP files that do not move are accepted") },
  [DOU_STATUS_PICTURE_DAMAGED]
  = { NAME ("PictureDamaged"), 10013, 200, N_ ("the picture is damaged or incomplete") },
  [DOU_STATUS_PICTURE_TOO_BIG]
  = { NAME ("PictureTooBig"), 10013, 200, N_ ("the picture has too many pixels") },
  [DOU_STATUS_WORD_REFUSED]
  = { NAME ("WordRefused"), 10019, 200, N_ ("there is a word in it that is not allowed here") },
  [DOU_STATUS_USER_BANNED]
  = { NAME ("UserBanned"), 10016, 200, N_ ("this account has been banned") },
  [DOU_STATUS_REPORT_REFUSED]
  = { NAME ("ReportRefused"), 10018, 200,
      N_ ("nobody reports himself, or what is his own") },
  [DOU_STATUS_REPORT_NOT_FOUND]
  = { NAME ("ReportNotFound"), 10010, 200, N_ ("this report does not exist") },
  [DOU_STATUS_BLOCKED]
  = { NAME ("Blocked"), 10017, 200, N_ ("you have blocked this user, or this user has blocked you") },
};

G_STATIC_ASSERT (G_N_ELEMENTS (infos) == DOU_N_STATUSES);

/**
 * dou_status_get_info:
 * @status: a status, possibly one that a newer service sent
 *
 * Returns: (transfer none): the row of the table; that of %DOU_STATUS_INTERNAL if @status is unknown
 */
const DouStatusInfo *
dou_status_get_info (DouStatus status)
{
  if ((guint) status >= DOU_N_STATUSES)
    status = DOU_STATUS_INTERNAL;

  return &infos[status];
}

GQuark
dou_error_quark (void)
{
  static gsize quark = 0;

  if (g_once_init_enter (&quark))
    {
      GQuark domain = g_quark_from_static_string ("dou-error-quark");

      for (gint code = DOU_STATUS_OK + 1; code < DOU_N_STATUSES; code++)
        g_dbus_error_register_error (domain, code, infos[code].dbus_name);

      g_once_init_leave (&quark, domain);
    }

  return (GQuark) quark;
}

/**
 * dou_status_from_error:
 * @error: (nullable): an error of any domain
 *
 * The one place that turns an error into a status. What is not of %DOU_ERROR is judged by what the
 * caller can do about it: a lost or busy peer is %DOU_STATUS_UNAVAILABLE, all else is
 * %DOU_STATUS_INTERNAL.
 *
 * Returns: the status; %DOU_STATUS_OK if @error is %NULL
 */
DouStatus
dou_status_from_error (const GError *error)
{
  if (error == NULL)
    return DOU_STATUS_OK;

  if (error->domain == DOU_ERROR)
    return (DouStatus) error->code;

  if (error->domain == G_DBUS_ERROR)
    return DOU_STATUS_UNAVAILABLE;

  if (error->domain == G_IO_ERROR)
    switch (error->code)
      {
      case G_IO_ERROR_NO_SPACE:
        return DOU_STATUS_DISK_FULL;
      case G_IO_ERROR_CLOSED:
      case G_IO_ERROR_TIMED_OUT:
      case G_IO_ERROR_BUSY:
      case G_IO_ERROR_CANCELLED:
      case G_IO_ERROR_CONNECTION_CLOSED:
        return DOU_STATUS_UNAVAILABLE;
      default:
        break;
      }

  return DOU_STATUS_INTERNAL;
}
