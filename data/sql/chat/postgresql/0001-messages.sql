-- SPDX-License-Identifier: Apache-2.0
-- The key is the order in which messages are read: a page of a conversation is a few neighbouring
-- entries of its index. The latest message of two users, and so the time of the next, is the last
-- entry of either direction.
CREATE TABLE messages (
  receiver BIGINT NOT NULL,
  sender BIGINT NOT NULL CHECK (sender <> receiver),
  -- Milliseconds since 1970-01-01 UTC, above those of all earlier messages of the two, in either
  -- direction.
  time BIGINT NOT NULL,
  id BIGINT NOT NULL UNIQUE,
  -- What the client of the sender calls it; NULL if it gave it no name.
  request_id TEXT COLLATE "C",
  text TEXT NOT NULL,
  PRIMARY KEY (receiver, sender, time)
)
-- next
CREATE UNIQUE INDEX messages_by_request ON messages (sender, request_id)
WHERE request_id IS NOT NULL
-- next
-- Up to which message of the other one somebody has read.
CREATE TABLE read_marks (
  reader BIGINT NOT NULL,
  other BIGINT NOT NULL,
  time BIGINT NOT NULL,
  PRIMARY KEY (reader, other)
)
-- next
-- One row. Whoever writes locks it first (lock-writes).
CREATE TABLE chat_totals (
  messages BIGINT NOT NULL
)
-- next
INSERT INTO chat_totals (messages) VALUES (0)
-- next
CREATE FUNCTION messages_inserted () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE chat_totals SET messages = messages + (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER messages_inserted AFTER INSERT ON messages
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION messages_inserted ()
