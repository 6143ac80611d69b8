-- SPDX-License-Identifier: Apache-2.0

-- name: lock-writes
SELECT messages FROM chat_totals FOR UPDATE

-- name: count-messages
SELECT messages FROM chat_totals

-- [[id, sender, receiver, request id or null], …] → a row for each, in the same order: what was
-- stored under the request id, or else under the id; when either of the two last wrote to the
-- other; and how many of the two are no more.
-- name: find-sent
SELECT m.id, m.sender, m.time,
  (SELECT a.time FROM messages AS a
   WHERE a.receiver = CAST(j.value ->> 2 AS bigint) AND a.sender = CAST(j.value ->> 1 AS bigint)
   ORDER BY a.time DESC LIMIT 1),
  (SELECT b.time FROM messages AS b
   WHERE b.receiver = CAST(j.value ->> 1 AS bigint) AND b.sender = CAST(j.value ->> 2 AS bigint)
   ORDER BY b.time DESC LIMIT 1),
  (SELECT count(*) FROM chat_removed_users AS g WHERE g.id IN (CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint)))
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN messages AS q ON q.sender = CAST(j.value ->> 1 AS bigint) AND q.request_id = j.value ->> 3
LEFT JOIN messages AS m ON m.id = coalesce(q.id, CAST(j.value ->> 0 AS bigint))
ORDER BY j.place

-- [[receiver, sender, time, id, request id or null, text], …]
-- name: insert-messages
INSERT INTO messages (receiver, sender, time, id, request_id, text)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), CAST(j.value ->> 3 AS bigint), j.value ->> 4, j.value ->> 5
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)

-- [[reader, other, time, whether the reader's own count too], …] → places of those for whom there
-- is something after the time.
-- name: find-news
SELECT j.place - 1
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE EXISTS (SELECT 1 FROM messages AS m
              WHERE m.receiver = CAST(j.value ->> 0 AS bigint) AND m.sender = CAST(j.value ->> 1 AS bigint) AND m.time > CAST(j.value ->> 2 AS bigint))
OR (CAST(j.value ->> 3 AS boolean)
    AND EXISTS (SELECT 1 FROM messages AS m
                WHERE m.receiver = CAST(j.value ->> 1 AS bigint) AND m.sender = CAST(j.value ->> 0 AS bigint) AND m.time > CAST(j.value ->> 2 AS bigint)))
ORDER BY j.place

-- {"skip": n, "ranges": [[place, receiver, sender, time], …]} → of each range the newest n + 1
-- messages.
-- name: get-newest
SELECT CAST(r.value ->> 0 AS bigint), m.id, m.receiver, m.sender, m.time, m.text
FROM (SELECT CAST(##json::string AS json) AS json) AS j
CROSS JOIN LATERAL json_array_elements(j.json -> 'ranges') AS r (value)
CROSS JOIN LATERAL (
  SELECT * FROM messages AS n
  WHERE n.receiver = CAST(r.value ->> 1 AS bigint) AND n.sender = CAST(r.value ->> 2 AS bigint)
  ORDER BY n.time DESC LIMIT CAST(j.json ->> 'skip' AS bigint) + 1) AS m
ORDER BY 1, m.time

-- {"skip": n, "ranges": [[place, receiver, sender, time], …]} → of each range the oldest n + 1
-- messages after the time.
-- name: get-after
SELECT CAST(r.value ->> 0 AS bigint), m.id, m.receiver, m.sender, m.time, m.text
FROM (SELECT CAST(##json::string AS json) AS json) AS j
CROSS JOIN LATERAL json_array_elements(j.json -> 'ranges') AS r (value)
CROSS JOIN LATERAL (
  SELECT * FROM messages AS n
  WHERE n.receiver = CAST(r.value ->> 1 AS bigint) AND n.sender = CAST(r.value ->> 2 AS bigint)
    AND n.time > CAST(r.value ->> 3 AS bigint)
  ORDER BY n.time LIMIT CAST(j.json ->> 'skip' AS bigint) + 1) AS m
ORDER BY 1, m.time

-- [[receiver, sender], …] → a row for each, in the same order: the latest message in this
-- direction.
-- name: get-latest
SELECT m.id, m.receiver, m.sender, m.time, m.text
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN LATERAL (
  SELECT * FROM messages AS a WHERE a.receiver = CAST(j.value ->> 0 AS bigint) AND a.sender = CAST(j.value ->> 1 AS bigint)
  ORDER BY a.time DESC LIMIT 1) AS m ON true
ORDER BY j.place

-- [[reader, other, time], …] → a row for each, in the same order: the newest message of the other
-- one up to the time, and the mark that there is.
-- name: find-marks
SELECT (SELECT m.time FROM messages AS m
   WHERE m.receiver = CAST(j.value ->> 0 AS bigint) AND m.sender = CAST(j.value ->> 1 AS bigint) AND m.time <= CAST(j.value ->> 2 AS bigint)
   ORDER BY m.time DESC LIMIT 1),
  r.time
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN read_marks AS r ON r.reader = CAST(j.value ->> 0 AS bigint) AND r.other = CAST(j.value ->> 1 AS bigint)
ORDER BY j.place

-- [[reader, other, time], …]
-- name: set-marks
INSERT INTO read_marks (reader, other, time)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (reader, other) DO UPDATE SET time = EXCLUDED.time

-- [[reader, other], …] → a row for each, in the same order.
-- name: get-marks
SELECT r.time
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN read_marks AS r ON r.reader = CAST(j.value ->> 0 AS bigint) AND r.other = CAST(j.value ->> 1 AS bigint)
ORDER BY j.place

-- [[reader, other, id of the latest message], …], no two users twice.
-- name: set-conversations
INSERT INTO conversations (reader, other, message)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (reader, other) DO UPDATE SET message = EXCLUDED.message

-- [[reader, id, n, most to count], …] → of each reader the n conversations whose latest messages are
-- the newest below the id: place, that message, and how many there are from the other one that came
-- after what was read, or answered. Both numbers are the same for all.
-- name: list-conversations
SELECT r.place - 1, m.id, m.receiver, m.sender, m.time, m.text,
  (SELECT count(*) FROM (SELECT 1 FROM messages AS u
    WHERE u.receiver = c.reader AND u.sender = c.other
    AND u.time > greatest(coalesce((SELECT k.time FROM read_marks AS k
                                    WHERE k.reader = c.reader AND k.other = c.other), 0),
                          coalesce((SELECT a.time FROM messages AS a
                                    WHERE a.receiver = c.other AND a.sender = c.reader
                                    ORDER BY a.time DESC LIMIT 1), 0))
    LIMIT CAST(r.value ->> 3 AS bigint)) AS n)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS r (value, place)
CROSS JOIN LATERAL (
  SELECT * FROM conversations AS b
  WHERE b.reader = CAST(r.value ->> 0 AS bigint) AND b.message < CAST(r.value ->> 1 AS bigint)
  ORDER BY b.message DESC LIMIT CAST(r.value ->> 2 AS bigint)) AS c
JOIN messages AS m ON m.id = c.message
ORDER BY r.place, m.id DESC

-- [user, …]
-- name: mark-removed-users
INSERT INTO chat_removed_users (id) SELECT CAST(j.value AS bigint)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (id) DO NOTHING

-- [user, …] → a piece of their conversations.
-- name: find-conversations-of-removed
SELECT c.reader, c.other
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN conversations AS c ON c.reader = CAST(j.value AS bigint) LIMIT 64

-- [[receiver, sender], …] → a piece of the messages in these directions.
-- name: find-messages-to-remove
SELECT m.id
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN messages AS m ON m.receiver = CAST(j.value ->> 0 AS bigint) AND m.sender = CAST(j.value ->> 1 AS bigint) LIMIT 1024

-- [id, …]
-- name: remove-messages
DELETE FROM messages
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE messages.id = CAST(j.value AS bigint)

-- [[reader, other], …]
-- name: remove-conversations
DELETE FROM conversations AS t
USING json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE t.reader = CAST(j.value ->> 0 AS bigint) AND t.other = CAST(j.value ->> 1 AS bigint)

-- [[reader, other], …]
-- name: remove-marks
DELETE FROM read_marks AS t
USING json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE t.reader = CAST(j.value ->> 0 AS bigint) AND t.other = CAST(j.value ->> 1 AS bigint)
