-- SPDX-License-Identifier: Apache-2.0
-- Users who are no more: nothing is sent to them or by them, by no request that
-- was under way meanwhile.
CREATE TABLE chat_removed_users (
  id INTEGER PRIMARY KEY
) STRICT
-- next
CREATE TRIGGER messages_deleted AFTER DELETE ON messages
BEGIN
  UPDATE totals SET messages = messages - 1;
END
