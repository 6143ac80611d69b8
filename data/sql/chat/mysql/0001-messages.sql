-- SPDX-License-Identifier: Apache-2.0
-- Rows lie in the order in which they are read: a page of a conversation is a few neighbouring pages
-- of the table. The latest message of two users, and so the time of the next, is the last row of
-- either direction.
--
-- Every step may be run again: a change of tables commits by itself here, so a crash may come between
-- two of them.

CREATE TABLE IF NOT EXISTS messages (
  receiver BIGINT NOT NULL,
  sender BIGINT NOT NULL,
  -- Milliseconds since 1970-01-01 UTC, above those of all earlier messages of the two, in either
  -- direction.
  time BIGINT NOT NULL,
  id BIGINT NOT NULL UNIQUE,
  -- What the client of the sender calls it; NULL if it gave it no name. Bytes, since every comparison of
  -- texts ignores blanks at the end.
  request_id VARBINARY(1000),
  text TEXT NOT NULL,
  PRIMARY KEY (receiver, sender, time),
  UNIQUE KEY messages_by_request (sender, request_id),
  CHECK (sender <> receiver)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
-- next
-- Up to which message of the other one somebody has read.
CREATE TABLE IF NOT EXISTS read_marks (
  reader BIGINT NOT NULL,
  other BIGINT NOT NULL,
  time BIGINT NOT NULL,
  PRIMARY KEY (reader, other)
) ENGINE=InnoDB
-- next
-- One row. Whoever writes locks it first (lock-writes).
CREATE TABLE IF NOT EXISTS chat_totals (
  id BIGINT PRIMARY KEY,
  messages BIGINT NOT NULL
) ENGINE=InnoDB
-- next
INSERT INTO chat_totals (id, messages) VALUES (1, 0) ON DUPLICATE KEY UPDATE id = 1
-- next
CREATE TRIGGER IF NOT EXISTS messages_inserted AFTER INSERT ON messages FOR EACH ROW
BEGIN
  UPDATE chat_totals SET messages = messages + 1;
END
-- next
-- Pages are made by functions: LIMIT takes a variable only there. The times of a page as a JSON array.
CREATE FUNCTION IF NOT EXISTS newest_times (to_user BIGINT, from_user BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT('[', GROUP_CONCAT(p.time), ']')
  FROM (SELECT time FROM messages WHERE receiver = to_user AND sender = from_user
        ORDER BY time DESC LIMIT most) AS p)
-- next
CREATE FUNCTION IF NOT EXISTS times_after (to_user BIGINT, from_user BIGINT, start BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT('[', GROUP_CONCAT(p.time), ']')
  FROM (SELECT time FROM messages WHERE receiver = to_user AND sender = from_user AND time > start
        ORDER BY time LIMIT most) AS p)
