-- SPDX-License-Identifier: Apache-2.0

-- Videos of all, and those to be transcoded, which an index counts that holds no others.
-- name: count-videos
SELECT videos, (SELECT count(*) FROM videos WHERE transcode = 1) FROM totals

-- [id, author, title, file, cover, transcode, now]: one video, since the next one would not see the
-- time that this one has taken. The time is `now` or, if that is taken, the first free one after it:
-- the walk along the index ends at the first gap.
-- name: insert-video
INSERT INTO videos (id, author_id, title, file, cover, transcode, publish_time)
SELECT j.json ->> 0, j.json ->> 1, j.json ->> 2, j.json ->> 3, j.json ->> 4, j.json ->> 5,
  iif(EXISTS (SELECT 1 FROM videos WHERE publish_time = (j.json ->> 6)),
    (SELECT v.publish_time + 1 FROM videos AS v
     WHERE v.publish_time >= (j.json ->> 6)
       AND NOT EXISTS (SELECT 1 FROM videos AS w WHERE w.publish_time = v.publish_time + 1)
     ORDER BY v.publish_time LIMIT 1),
    j.json ->> 6)
FROM (SELECT ##json::string AS json) AS j WHERE true
ON CONFLICT (id) DO NOTHING

-- [limit, [time, …]] → for each the newest videos before that time, as “id time id time …”. The limit
-- is one for all, since it cannot depend on a row.
-- name: get-feed
SELECT (SELECT group_concat(v.id || ' ' || v.publish_time, ' ')
  FROM (SELECT id, publish_time FROM videos WHERE publish_time < j.value
        ORDER BY publish_time DESC LIMIT (SELECT ##json::string ->> 0)) AS v)
FROM json_each(##json::string, '$[1]') AS j
ORDER BY j.key

-- [limit, [[author, time], …]] → for each the newest videos of the author before that time, as above.
-- name: get-works
SELECT (SELECT group_concat(v.id || ' ' || v.publish_time, ' ')
  FROM (SELECT id, publish_time FROM videos
        WHERE author_id = j.value ->> 0 AND publish_time < j.value ->> 1
        ORDER BY publish_time DESC LIMIT (SELECT ##json::string ->> 0)) AS v)
FROM json_each(##json::string, '$[1]') AS j
ORDER BY j.key

-- [id, …] → a row for each, in the same order.
-- name: get-videos
SELECT v.id, v.author_id, v.title, v.file, v.cover, v.publish_time
FROM json_each(##json::string) AS j LEFT JOIN videos AS v ON v.id = j.value
ORDER BY j.key

-- [author, …] → a row for each, in the same order.
-- name: get-work-counts
SELECT a.work_count
FROM json_each(##json::string) AS j LEFT JOIN authors AS a ON a.id = j.value
ORDER BY j.key

-- name: get-next-transcode
SELECT id, file, cover, attempts FROM videos WHERE transcode = 1 ORDER BY attempts, id LIMIT 1

-- [id, file, transcode, attempts]
-- name: update-transcode
UPDATE videos SET file = j.json ->> 1, transcode = j.json ->> 2, attempts = j.json ->> 3
FROM (SELECT ##json::string AS json) AS j
WHERE id = j.json ->> 0

-- [id, owner, kind]: one that is there already is to be looked at again.
-- name: insert-picture
INSERT INTO pictures (id, owner_id, kind)
SELECT j.json ->> 0, j.json ->> 1, j.json ->> 2
FROM (SELECT ##json::string AS json) AS j WHERE true
ON CONFLICT (id) DO UPDATE SET settled = 0

-- [id, …] → those that there are.
-- name: get-pictures
SELECT p.id, p.owner_id, p.kind
FROM json_each(##json::string) AS j JOIN pictures AS p ON p.id = j.value
ORDER BY j.key

-- [owner, …] → all of theirs.
-- name: get-pictures-of
SELECT p.id, p.owner_id, p.kind
FROM json_each(##json::string) AS j JOIN pictures AS p ON p.owner_id = j.value
ORDER BY j.key, p.id

-- name: get-unsettled-pictures
SELECT id, owner_id, kind FROM pictures WHERE settled = 0 ORDER BY id

-- [id, …]
-- name: settle-pictures
UPDATE pictures SET settled = 1 WHERE id IN (SELECT value FROM json_each(##json::string))

-- [id, …]
-- name: delete-pictures
DELETE FROM pictures WHERE id IN (SELECT value FROM json_each(##json::string))
