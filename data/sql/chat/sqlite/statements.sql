-- SPDX-License-Identifier: Apache-2.0

-- name: count-messages
SELECT messages FROM totals

-- [[id, sender, receiver, request id or null], …] → a row for each, in the same order: what was
-- stored under the request id, or else under the id; when either of the two last wrote to the
-- other; and how many of the two are no more.
-- name: find-sent
SELECT m.id, m.sender, m.time,
       (SELECT max(a.time) FROM messages AS a
        WHERE a.receiver = j.value ->> 2 AND a.sender = j.value ->> 1),
       (SELECT max(b.time) FROM messages AS b
        WHERE b.receiver = j.value ->> 1 AND b.sender = j.value ->> 2),
       (SELECT count(*) FROM chat_removed_users AS g WHERE g.id IN (j.value ->> 1, j.value ->> 2))
FROM json_each(##json::string) AS j LEFT JOIN messages AS m
ON m.id = coalesce((SELECT r.id FROM messages AS r
                    WHERE r.sender = j.value ->> 1 AND r.request_id = j.value ->> 3),
                   j.value ->> 0)
ORDER BY j.key

-- [[receiver, sender, time, id, request id or null, text], …]
-- name: insert-messages
INSERT INTO messages (receiver, sender, time, id, request_id, text)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
FROM json_each(##json::string)

-- [[reader, other, time, whether the reader's own count too], …] → places of those for whom there
-- is something after the time.
-- name: find-news
SELECT j.key
FROM json_each(##json::string) AS j
WHERE EXISTS (SELECT 1 FROM messages AS m
              WHERE m.receiver = j.value ->> 0 AND m.sender = j.value ->> 1
              AND m.time > j.value ->> 2)
OR (j.value ->> 3
    AND EXISTS (SELECT 1 FROM messages AS m
                WHERE m.receiver = j.value ->> 1 AND m.sender = j.value ->> 0
                AND m.time > j.value ->> 2))
ORDER BY j.key

-- {"skip": n, "ranges": [[place, receiver, sender], …]} → of each range those messages that are
-- among the newest n + 1 of the two users.
-- name: get-newest
SELECT r.value ->> 0, m.id, m.receiver, m.sender, m.time, m.text
FROM json_each(##json::string, '$.ranges') AS r CROSS JOIN messages AS m
ON m.receiver = r.value ->> 1 AND m.sender = r.value ->> 2
AND m.time >= coalesce((SELECT a.time FROM messages AS a
                        WHERE a.receiver = r.value ->> 1 AND a.sender = r.value ->> 2
                        UNION ALL
                        SELECT b.time FROM messages AS b
                        WHERE b.receiver = r.value ->> 2 AND b.sender = r.value ->> 1
                        ORDER BY 1 DESC LIMIT 1 OFFSET ##json::string ->> '$.skip'),
                       0)
ORDER BY r.value ->> 0, m.time

-- {"skip": n, "ranges": [[place, receiver, sender, time], …]} → of each range the oldest n + 1
-- messages after the time.
-- name: get-after
SELECT r.value ->> 0, m.id, m.receiver, m.sender, m.time, m.text
FROM json_each(##json::string, '$.ranges') AS r CROSS JOIN messages AS m
ON m.receiver = r.value ->> 1 AND m.sender = r.value ->> 2 AND m.time > r.value ->> 3
AND m.time <= coalesce((SELECT a.time FROM messages AS a
                        WHERE a.receiver = r.value ->> 1 AND a.sender = r.value ->> 2
                        AND a.time > r.value ->> 3
                        ORDER BY a.time LIMIT 1 OFFSET ##json::string ->> '$.skip'),
                       9223372036854775807)
ORDER BY r.value ->> 0, m.time

-- [[receiver, sender], …] → a row for each, in the same order: the latest message in this
-- direction.
-- name: get-latest
SELECT m.id, m.receiver, m.sender, m.time, m.text
FROM json_each(##json::string) AS j LEFT JOIN messages AS m
ON m.receiver = j.value ->> 0 AND m.sender = j.value ->> 1
AND m.time = (SELECT max(a.time) FROM messages AS a
              WHERE a.receiver = j.value ->> 0 AND a.sender = j.value ->> 1)
ORDER BY j.key

-- [[reader, other, time], …] → a row for each, in the same order: the newest message of the other
-- one up to the time, and the mark that there is.
-- name: find-marks
SELECT (SELECT m.time FROM messages AS m
        WHERE m.receiver = j.value ->> 0 AND m.sender = j.value ->> 1 AND m.time <= j.value ->> 2
        ORDER BY m.time DESC LIMIT 1),
       r.time
FROM json_each(##json::string) AS j
LEFT JOIN read_marks AS r ON r.reader = j.value ->> 0 AND r.other = j.value ->> 1
ORDER BY j.key

-- [[reader, other, time], …]
-- name: set-marks
INSERT INTO read_marks (reader, other, time)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string) WHERE true
ON CONFLICT (reader, other) DO UPDATE SET time = excluded.time

-- [[reader, other], …] → a row for each, in the same order.
-- name: get-marks
SELECT r.time
FROM json_each(##json::string) AS j
LEFT JOIN read_marks AS r ON r.reader = j.value ->> 0 AND r.other = j.value ->> 1
ORDER BY j.key

-- [[reader, other, id of the latest message], …], no two users twice.
-- name: set-conversations
INSERT INTO conversations (reader, other, message)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string) WHERE true
ON CONFLICT (reader, other) DO UPDATE SET message = excluded.message

-- [[reader, id, n, most to count], …] → of each reader the n conversations whose latest messages are
-- the newest below the id: place, that message, and how many there are from the other one that came
-- after what was read, or answered. Both numbers are the same for all.
-- name: list-conversations
SELECT r.key, m.id, m.receiver, m.sender, m.time, m.text,
       (SELECT count(*) FROM (SELECT 1 FROM messages AS u
         WHERE u.receiver = c.reader AND u.sender = c.other
         AND u.time > max(coalesce((SELECT k.time FROM read_marks AS k
                                    WHERE k.reader = c.reader AND k.other = c.other), 0),
                          coalesce((SELECT max(a.time) FROM messages AS a
                                    WHERE a.receiver = c.other AND a.sender = c.reader), 0))
         LIMIT ##json::string ->> '$[0][3]'))
FROM json_each(##json::string) AS r
CROSS JOIN conversations AS c
ON c.reader = r.value ->> 0 AND c.message < r.value ->> 1
AND c.message >= coalesce((SELECT b.message FROM conversations AS b
                           WHERE b.reader = r.value ->> 0 AND b.message < r.value ->> 1
                           ORDER BY b.message DESC LIMIT 1
                           OFFSET (##json::string ->> '$[0][2]') - 1), 0)
CROSS JOIN messages AS m ON m.id = c.message
ORDER BY r.key, m.id DESC

-- [user, …]
-- name: mark-removed-users
INSERT INTO chat_removed_users (id) SELECT value FROM json_each(##json::string) WHERE true
ON CONFLICT (id) DO NOTHING

-- [user, …] → a piece of their conversations.
-- name: find-conversations-of-removed
SELECT c.reader, c.other
FROM json_each(##json::string) AS j
CROSS JOIN conversations AS c ON c.reader = j.value LIMIT 64

-- [[receiver, sender], …] → a piece of the messages in these directions.
-- name: find-messages-to-remove
SELECT m.id
FROM json_each(##json::string) AS j
CROSS JOIN messages AS m ON m.receiver = j.value ->> 0 AND m.sender = j.value ->> 1 LIMIT 1024

-- [id, …]
-- name: remove-messages
DELETE FROM messages WHERE id IN (SELECT value FROM json_each(##json::string))

-- [[reader, other], …]
-- name: remove-conversations
DELETE FROM conversations
WHERE (reader, other) IN (SELECT value ->> 0, value ->> 1 FROM json_each(##json::string))

-- [[reader, other], …]
-- name: remove-marks
DELETE FROM read_marks
WHERE (reader, other) IN (SELECT value ->> 0, value ->> 1 FROM json_each(##json::string))
