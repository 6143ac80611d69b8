/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouStatus:
 *
 * What became of one request, or of one item of a batch. The number travels over the private bus as
 * the item's result code (signature `i`) and is the code of the %DOU_ERROR domain; it never changes
 * once released. What a client reads (status_code, HTTP code, text) follows from it by one table,
 * dou_status_get_info(). Several of these may share one status_code: they differ in their text.
 */
typedef enum
{
  DOU_STATUS_OK = 0,              /* done */
  DOU_STATUS_INTERNAL = 1,        /* a bug or a broken library: look at the log */
  DOU_STATUS_SERVICE = 2,         /* a service answered with something unusable */
  DOU_STATUS_BAD_PARAMETER = 3,   /* a parameter is absent, not a number, or out of range */
  DOU_STATUS_BAD_REQUEST = 4,     /* the request as a whole makes no sense (malformed body) */
  DOU_STATUS_USER_EXISTS = 5,     /* the user name is taken */
  DOU_STATUS_UNAUTHORIZED = 6,    /* token absent where one is needed, forged, or expired */
  DOU_STATUS_BAD_CREDENTIALS = 7, /* unknown user or wrong password: never told apart */
  DOU_STATUS_NOT_FOUND = 8,       /* no such path */
  DOU_STATUS_NOT_PERMITTED = 9,   /* the caller may not do this */
  DOU_STATUS_TOO_LARGE = 10,      /* body, file or message above its limit */
  DOU_STATUS_UNSUPPORTED_MEDIA = 11, /* not a container that is accepted */
  DOU_STATUS_RATE_LIMITED = 12,      /* too many requests from this user or address */
  DOU_STATUS_UNAVAILABLE = 13,       /* overloaded, or a part is down: try again */
  DOU_STATUS_USER_NOT_FOUND = 14,    /* no such user */
  DOU_STATUS_VIDEO_NOT_FOUND = 15,   /* no such video */
  DOU_STATUS_BAD_USER_NAME = 16,     /* empty, longer than 32 characters, or control characters */
  DOU_STATUS_BAD_PASSWORD = 17,      /* empty or longer than max-password characters */
  DOU_STATUS_BAD_TITLE = 18,         /* empty, longer than 200 characters, or control characters */
  DOU_STATUS_NO_FILE = 19,           /* publish without a file part, or with an empty one */
  DOU_STATUS_MEDIA_DAMAGED = 20,     /* truncated or unreadable */
  DOU_STATUS_MEDIA_NO_VIDEO = 21,    /* the container holds no video stream */
  DOU_STATUS_MEDIA_TOO_LONG = 22,    /* longer than max-duration */
  DOU_STATUS_MEDIA_TOO_BIG = 23,     /* picture size, stream count or codec beyond what is accepted */
  DOU_STATUS_METHOD_NOT_ALLOWED = 24, /* the path exists, the method does not */
  DOU_STATUS_TIMEOUT = 25,            /* the client was too slow */
  DOU_STATUS_DISK_FULL = 26,          /* no space left for an upload */
  DOU_STATUS_COMMENT_NOT_FOUND = 27,  /* no such comment under that video */
  DOU_STATUS_BAD_TEXT = 28,           /* comment or message: empty, too long, or control characters */
  DOU_STATUS_BAD_SIGNATURE = 29,      /* blank, longer than 200 characters, or control characters */
  DOU_STATUS_WRONG_PASSWORD = 30,     /* the old password, of who wants another */
  DOU_STATUS_NO_PICTURE = 31,         /* neither JPEG nor PNG nor WebP, or moving */
  DOU_STATUS_PICTURE_DAMAGED = 32,    /* truncated or unreadable */
  DOU_STATUS_PICTURE_TOO_BIG = 33,    /* more pixels than are accepted */
  DOU_STATUS_WORD_REFUSED = 34,       /* a word in it that is not wanted here */
  DOU_STATUS_USER_BANNED = 35,        /* the administration has banned this user */
  DOU_STATUS_REPORT_REFUSED = 36,     /* of oneself, or of what is one's own */
  DOU_STATUS_REPORT_NOT_FOUND = 37,   /* no such report */
  DOU_STATUS_BLOCKED = 38,            /* one of the two users blocks the other */
  DOU_N_STATUSES
} DouStatus;

/**
 * DouStatusInfo:
 * @dbus_name: the D-Bus error name, `org.doutok.Error.…`; %NULL for %DOU_STATUS_OK
 * @status_code: the number in a client's `status_code`
 * @http_code: 200 for everything that was answered; else the transport's own code
 * @message: English text, the msgid of the translations in po/
 */
typedef struct
{
  const char *dbus_name;
  int status_code;
  unsigned int http_code;
  const char *message;
} DouStatusInfo;

const DouStatusInfo *dou_status_get_info (DouStatus status);

/**
 * DOU_ERROR:
 *
 * The one error domain that leaves a process. Its codes are #DouStatus. Errors of libraries are
 * wrapped where they arise, with the cause kept in the message.
 */
#define DOU_ERROR (dou_error_quark ())
GQuark dou_error_quark (void);

DouStatus dou_status_from_error (const GError *error);

G_END_DECLS
