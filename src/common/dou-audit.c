/* SPDX-License-Identifier: Apache-2.0 */

/* The audit log of a domain: what its statements about DOMAIN_audit have in common. An entry is written
 * by a statement of the domain in the transaction of what it tells about, and only if that changes
 * something, so there is neither an action without an entry nor an entry without an action, and a call
 * that is sent again leaves none. That entries stay as they are, triggers see to. */

#include "config.h"

#include "common/dou-audit.h"
#include "common/dou-text.h"

/**
 * dou_audit_is_why:
 * @why: why somebody does something
 *
 * Returns: whether it can be written down: at most 500 characters in one line; it may be empty
 */
gboolean
dou_audit_is_why (const char *why)
{
  return *why == '\0' || dou_text_is_valid (why, DOU_TEXT_SINGLE_LINE, DOU_AUDIT_WHY_MAX);
}

/**
 * dou_audit_may_act:
 * @seen: (element-type gint64): what the items before this one act on; @id is added
 * @id: what an item acts on; outlives @seen
 * @why: the reason
 *
 * A call that names something twice could be written down in one order and done in another, so the second item
 * is refused.
 *
 * Returns: whether the item can be done
 */
gboolean
dou_audit_may_act (GHashTable *seen, const gint64 *id, const char *why)
{
  return dou_audit_is_why (why) && g_hash_table_add (seen, (gpointer) id);
}

/**
 * dou_audit_write:
 * @writer: takes four elements
 * @time: of the action, in milliseconds since 1970
 * @caller: who acts
 * @why: a reason, of dou_audit_is_why()
 */
void
dou_audit_write (DouJsonWriter *writer, gint64 time, const DouCaller *caller, const char *why)
{
  dou_json_writer_int64 (writer, time);
  dou_json_writer_int64 (writer, caller->uid);
  dou_json_writer_string (writer, caller->login);
  dou_json_writer_string (writer, why);
}

/**
 * dou_audit_list_async:
 * @database: of a domain that has a statement get-audit
 * @pages: `a(xu)`: what to list, see dou_record_list_all_async(); at most %DOU_AUDIT_PAGES_MAX
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Its entries, with dou_record_list_finish(): number, time, user id and login of who acted, action, what
 * it was done to, why.
 */
void
dou_audit_list_async (DouDatabase *database, GVariant *pages, GAsyncReadyCallback callback,
                      gpointer user_data)
{
  dou_record_list_all_async (database, "get-audit", "(xxxssxs)", pages, callback, user_data);
}
