-- SPDX-License-Identifier: Apache-2.0
-- Users who are no more: nothing is sent to them or by them, by no request that
-- was under way meanwhile.
CREATE TABLE IF NOT EXISTS chat_removed_users (
  id BIGINT PRIMARY KEY
) ENGINE=InnoDB
-- next
CREATE TRIGGER IF NOT EXISTS messages_deleted AFTER DELETE ON messages FOR EACH ROW
BEGIN
  UPDATE chat_totals SET messages = messages - 1;
END
