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
   WHERE a.receiver = j.receiver AND a.sender = j.sender
   ORDER BY a.time DESC LIMIT 1),
  (SELECT b.time FROM messages AS b
   WHERE b.receiver = j.sender AND b.sender = j.receiver
   ORDER BY b.time DESC LIMIT 1),
  (SELECT count(*) FROM chat_removed_users AS g WHERE g.id IN (j.sender, j.receiver))
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    sender BIGINT PATH '$[1]' ERROR ON ERROR,
    receiver BIGINT PATH '$[2]' ERROR ON ERROR,
    request_id VARBINARY(1000) PATH '$[3]')) AS j
  LEFT JOIN messages AS q ON q.sender = j.sender AND q.request_id = j.request_id
  LEFT JOIN messages AS m ON m.id = coalesce(q.id, j.id)
ORDER BY j.place

-- [[receiver, sender, time, id, request id or null, text], …]
-- name: insert-messages
INSERT INTO messages (receiver, sender, time, id, request_id, text)
SELECT j.receiver, j.sender, j.time, j.id, j.request_id, j.text
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    receiver BIGINT PATH '$[0]' ERROR ON ERROR,
    sender BIGINT PATH '$[1]' ERROR ON ERROR,
    time BIGINT PATH '$[2]' ERROR ON ERROR,
    id BIGINT PATH '$[3]' ERROR ON ERROR,
    request_id VARBINARY(1000) PATH '$[4]',
    text TEXT CHARSET utf8mb4 PATH '$[5]' ERROR ON ERROR)) AS j

-- [[reader, other, time, whether the reader's own count too], …] → places of those for whom there
-- is something after the time.
-- name: find-news
SELECT j.place - 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR,
    start BIGINT PATH '$[2]' ERROR ON ERROR,
    own BIGINT PATH '$[3]' ERROR ON ERROR)) AS j
WHERE (SELECT m.time FROM messages AS m
   WHERE m.receiver = j.reader AND m.sender = j.other
   ORDER BY m.time DESC LIMIT 1) > j.start
OR (j.own AND (SELECT n.time FROM messages AS n
   WHERE n.receiver = j.other AND n.sender = j.reader
   ORDER BY n.time DESC LIMIT 1) > j.start)
ORDER BY j.place

-- {"skip": n, "ranges": [[place, receiver, sender, time], …]} → of each range the newest n + 1
-- messages.
-- name: get-newest
SELECT r.place, m.id, m.receiver, m.sender, m.time, m.text
FROM JSON_TABLE(##json::string, '$' COLUMNS (
    skip BIGINT PATH '$.skip' ERROR ON ERROR,
    NESTED PATH '$.ranges[*]' COLUMNS (
      place BIGINT PATH '$[0]' ERROR ON ERROR,
      receiver BIGINT PATH '$[1]' ERROR ON ERROR,
      sender BIGINT PATH '$[2]' ERROR ON ERROR,
      start BIGINT PATH '$[3]' ERROR ON ERROR))) AS r
  STRAIGHT_JOIN JSON_TABLE(newest_times(r.receiver, r.sender, r.skip + 1), '$[*]' COLUMNS (
    time BIGINT PATH '$' ERROR ON ERROR)) AS t
  STRAIGHT_JOIN messages AS m
  ON m.receiver = r.receiver AND m.sender = r.sender AND m.time = t.time
ORDER BY r.place, m.time

-- {"skip": n, "ranges": [[place, receiver, sender, time], …]} → of each range the oldest n + 1
-- messages after the time.
-- name: get-after
SELECT r.place, m.id, m.receiver, m.sender, m.time, m.text
FROM JSON_TABLE(##json::string, '$' COLUMNS (
    skip BIGINT PATH '$.skip' ERROR ON ERROR,
    NESTED PATH '$.ranges[*]' COLUMNS (
      place BIGINT PATH '$[0]' ERROR ON ERROR,
      receiver BIGINT PATH '$[1]' ERROR ON ERROR,
      sender BIGINT PATH '$[2]' ERROR ON ERROR,
      start BIGINT PATH '$[3]' ERROR ON ERROR))) AS r
  STRAIGHT_JOIN JSON_TABLE(times_after(r.receiver, r.sender, r.start, r.skip + 1), '$[*]' COLUMNS (
    time BIGINT PATH '$' ERROR ON ERROR)) AS t
  STRAIGHT_JOIN messages AS m
  ON m.receiver = r.receiver AND m.sender = r.sender AND m.time = t.time
ORDER BY r.place, m.time

-- [[receiver, sender], …] → a row for each, in the same order: the latest message in this
-- direction.
-- name: get-latest
SELECT m.id, m.receiver, m.sender, m.time, m.text
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    receiver BIGINT PATH '$[0]' ERROR ON ERROR,
    sender BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  LEFT JOIN messages AS m ON m.receiver = j.receiver AND m.sender = j.sender
  AND m.time = (SELECT a.time FROM messages AS a
   WHERE a.receiver = j.receiver AND a.sender = j.sender
   ORDER BY a.time DESC LIMIT 1)
ORDER BY j.place

-- [[reader, other, time], …] → a row for each, in the same order: the newest message of the other
-- one up to the time, and the mark that there is.
-- name: find-marks
SELECT (SELECT m.time FROM messages AS m
   WHERE m.receiver = j.reader AND m.sender = j.other AND m.time <= j.time
   ORDER BY m.time DESC LIMIT 1),
  r.time
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR,
    time BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
  LEFT JOIN read_marks AS r ON r.reader = j.reader AND r.other = j.other
ORDER BY j.place

-- [[reader, other, time], …]
-- name: set-marks
INSERT INTO read_marks (reader, other, time)
SELECT j.reader, j.other, j.time
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR,
    time BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE time = VALUES(time)

-- [[reader, other], …] → a row for each, in the same order.
-- name: get-marks
SELECT r.time
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  LEFT JOIN read_marks AS r ON r.reader = j.reader AND r.other = j.other
ORDER BY j.place

-- [[reader, other, id of the latest message], …], no two users twice.
-- name: set-conversations
INSERT INTO conversations (reader, other, message)
SELECT j.reader, j.other, j.message
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR,
    message BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE message = VALUES(message)

-- [[reader, id, n, most to count], …] → of each reader the n conversations whose latest messages are
-- the newest below the id: place, that message, and how many there are from the other one that came
-- after what was read, or answered. Both numbers are the same for all.
-- name: list-conversations
SELECT r.place - 1, m.id, m.receiver, m.sender, m.time, m.text,
  count_after(r.reader, if(m.sender = r.reader, m.receiver, m.sender),
    greatest(
      coalesce((SELECT k.time FROM read_marks AS k
        WHERE k.reader = r.reader AND k.other = if(m.sender = r.reader, m.receiver, m.sender)), 0),
      coalesce((SELECT a.time FROM messages AS a
        WHERE a.receiver = if(m.sender = r.reader, m.receiver, m.sender) AND a.sender = r.reader
        ORDER BY a.time DESC LIMIT 1), 0)),
    r.most)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    n BIGINT PATH '$[2]' ERROR ON ERROR,
    most BIGINT PATH '$[3]' ERROR ON ERROR)) AS r
  STRAIGHT_JOIN JSON_TABLE(latest_messages(r.reader, r.below, r.n), '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS t
  STRAIGHT_JOIN messages AS m ON m.id = t.id
ORDER BY r.place, m.id DESC

-- [user, …]
-- name: mark-removed-users
INSERT INTO chat_removed_users (id) SELECT j.id
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE id = chat_removed_users.id

-- [user, …] → a piece of their conversations.
-- name: find-conversations-of-removed
SELECT c.reader, c.other
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN conversations AS c ON c.reader = j.id LIMIT 64

-- [[receiver, sender], …] → a piece of the messages in these directions.
-- name: find-messages-to-remove
SELECT m.id
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  JOIN messages AS m ON m.receiver = j.reader AND m.sender = j.other LIMIT 1024

-- [id, …]
-- name: remove-messages
DELETE t FROM messages AS t JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON t.id = j.id

-- [[reader, other], …]
-- name: remove-conversations
DELETE t FROM conversations AS t
  JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  ON t.reader = j.reader AND t.other = j.other

-- [[reader, other], …]
-- name: remove-marks
DELETE t FROM read_marks AS t
  JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    reader BIGINT PATH '$[0]' ERROR ON ERROR,
    other BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  ON t.reader = j.reader AND t.other = j.other
