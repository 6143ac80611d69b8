-- SPDX-License-Identifier: Apache-2.0
-- Users who are no more: nothing is sent to them or by them, by no request that
-- was under way meanwhile.
CREATE TABLE chat_removed_users (
  id BIGINT PRIMARY KEY
)
-- next
CREATE FUNCTION messages_deleted () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE chat_totals SET messages = messages - (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER messages_deleted AFTER DELETE ON messages
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION messages_deleted ()
