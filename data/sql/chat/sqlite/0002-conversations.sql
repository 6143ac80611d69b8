-- SPDX-License-Identifier: Apache-2.0
-- With whom somebody has exchanged messages, in the order of the latest one: two rows for two users,
-- written with each message.
CREATE TABLE conversations (
  reader INTEGER NOT NULL,
  other INTEGER NOT NULL,
  -- Id of the latest message of the two, in either direction.
  message INTEGER NOT NULL,
  PRIMARY KEY (reader, other)
) STRICT, WITHOUT ROWID
-- next
CREATE UNIQUE INDEX conversations_by_message ON conversations (reader, message)
-- next
INSERT INTO conversations (reader, other, message)
SELECT p.reader, p.other, coalesce(a.id, b.id)
FROM (SELECT u.reader, u.other, max(u.time) AS time
  FROM (SELECT receiver AS reader, sender AS other, time FROM messages
    UNION ALL SELECT sender, receiver, time FROM messages) AS u
  GROUP BY u.reader, u.other) AS p
LEFT JOIN messages AS a ON a.receiver = p.reader AND a.sender = p.other AND a.time = p.time
LEFT JOIN messages AS b ON b.receiver = p.other AND b.sender = p.reader AND b.time = p.time
