-- SPDX-License-Identifier: Apache-2.0
-- With whom somebody has exchanged messages, in the order of the latest one: two rows for two users,
-- written with each message.
CREATE TABLE IF NOT EXISTS conversations (
  reader BIGINT NOT NULL,
  other BIGINT NOT NULL,
  -- Id of the latest message of the two, in either direction.
  message BIGINT NOT NULL,
  PRIMARY KEY (reader, other),
  UNIQUE KEY conversations_by_message (reader, message)
) ENGINE=InnoDB
-- next
INSERT INTO conversations (reader, other, message)
SELECT p.reader, p.other, coalesce(a.id, b.id)
FROM (SELECT u.reader, u.other, max(u.time) AS time
  FROM (SELECT receiver AS reader, sender AS other, time FROM messages
    UNION ALL SELECT sender, receiver, time FROM messages) AS u
  GROUP BY u.reader, u.other) AS p
LEFT JOIN messages AS a ON a.receiver = p.reader AND a.sender = p.other AND a.time = p.time
LEFT JOIN messages AS b ON b.receiver = p.other AND b.sender = p.reader AND b.time = p.time
ON DUPLICATE KEY UPDATE message = VALUES(message)
-- next
-- The latest messages of a page of conversations, as a JSON array of ids.
CREATE FUNCTION IF NOT EXISTS latest_messages (of_user BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT('[', GROUP_CONCAT(p.message), ']')
  FROM (SELECT message FROM conversations WHERE reader = of_user AND message < below
        ORDER BY message DESC LIMIT most) AS p)
-- next
CREATE FUNCTION IF NOT EXISTS count_after (to_user BIGINT, from_user BIGINT, start BIGINT, most BIGINT)
RETURNS BIGINT READS SQL DATA
RETURN (SELECT COUNT(*)
  FROM (SELECT time FROM messages WHERE receiver = to_user AND sender = from_user AND time > start
        LIMIT most) AS p)
