-- SPDX-License-Identifier: Apache-2.0

-- name: lock-writes
SELECT videos FROM video_totals FOR UPDATE

-- Videos of all, those to be transcoded, and those that could not be, which indexes count.
-- name: count-videos
SELECT videos, (SELECT count(*) FROM videos WHERE transcode = 1),
  (SELECT count(*) FROM videos WHERE transcode = 2) FROM video_totals

-- [id, author, title, file, cover, transcode, now]: one video, since the next one would not see the
-- time that this one has taken. The time is `now` or, if that is taken, the first free one after it:
-- the walk along the index ends at the first gap. What was deleted does not come back.
-- name: insert-video
INSERT INTO videos (id, author_id, title, file, cover, transcode, publish_time)
SELECT j.id, CAST(j.json ->> 1 AS bigint), j.json ->> 2, j.json ->> 3, j.json ->> 4,
  CAST(j.json ->> 5 AS bigint),
  CASE WHEN EXISTS (SELECT 1 FROM videos WHERE publish_time = j.now)
    THEN (SELECT v.publish_time + 1 FROM videos AS v
          WHERE v.publish_time >= j.now
            AND NOT EXISTS (SELECT 1 FROM videos AS w WHERE w.publish_time = v.publish_time + 1)
          ORDER BY v.publish_time LIMIT 1)
    ELSE j.now END
FROM (SELECT p.json, CAST(p.json ->> 0 AS bigint) AS id, CAST(p.json ->> 6 AS bigint) AS now
      FROM (SELECT CAST(##json::string AS json) AS json) AS p) AS j
WHERE NOT EXISTS (SELECT 1 FROM deleted_videos AS d WHERE d.id = j.id)
  AND NOT EXISTS (SELECT 1 FROM video_removed_users AS r WHERE r.id = CAST(j.json ->> 1 AS bigint))
ON CONFLICT (id) DO NOTHING

-- [limit, [time, …]] → for each the newest videos before that time, as “id time id time …”.
-- name: get-feed
SELECT (SELECT string_agg(v.id || ' ' || v.publish_time, ' ' ORDER BY v.publish_time DESC)
  FROM (SELECT id, publish_time FROM videos
        WHERE publish_time < CAST(j.value AS bigint) AND hidden = 0
        ORDER BY publish_time DESC
        LIMIT (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))) AS v)
FROM json_array_elements_text(CAST(##json::string AS json) -> 1) WITH ORDINALITY AS j (value, place)
ORDER BY j.place

-- [limit, [[author, time], …]] → for each the newest videos of the author before that time, as above.
-- name: get-works
SELECT (SELECT string_agg(v.id || ' ' || v.publish_time, ' ' ORDER BY v.publish_time DESC)
  FROM (SELECT id, publish_time FROM videos
        WHERE author_id = CAST(j.value ->> 0 AS bigint)
          AND publish_time < CAST(j.value ->> 1 AS bigint) AND hidden = 0
        ORDER BY publish_time DESC
        LIMIT (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))) AS v)
FROM json_array_elements(CAST(##json::string AS json) -> 1) WITH ORDINALITY AS j (value, place)
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-videos
SELECT v.id, v.author_id, v.title, v.file, v.cover, v.publish_time, v.hidden
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN videos AS v ON v.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [author, …] → a row for each, in the same order.
-- name: get-work-counts
SELECT a.work_count
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN authors AS a ON a.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [attempts, id] → those to be transcoded behind that place, the least tried first, and for how many
-- milliseconds each is not to be begun. It is the database's clock that tells, the only one that all nodes
-- share.
-- name: list-transcodes
SELECT v.id, v.file, v.cover, v.transcode, v.attempts, v.claim,
  greatest(0, v.claimed_until - CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)), v.trouble
FROM (SELECT CAST(p.json ->> 0 AS bigint) AS attempts, CAST(p.json ->> 1 AS bigint) AS id
      FROM (SELECT CAST(##json::string AS json) AS json) AS p) AS j
  JOIN videos AS v ON (v.attempts, v.id) > (j.attempts, j.id)
WHERE v.transcode = 1
ORDER BY v.attempts, v.id LIMIT 256

-- [id, …] → a row for each, in the same order.
-- name: get-transcodes
SELECT v.id, v.file, v.cover, v.transcode, v.attempts, v.claim,
  greatest(0, v.claimed_until - CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)), v.trouble
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN videos AS v ON v.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [id, claim, lease]: begins an attempt, unless somebody else is at it.
-- name: claim-transcode
UPDATE videos SET claim = CAST(j.json ->> 1 AS bigint), attempts = attempts + 1,
  claimed_until = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) + CAST(j.json ->> 2 AS bigint)
FROM (SELECT CAST(##json::string AS json) AS json) AS j
WHERE id = CAST(j.json ->> 0 AS bigint) AND transcode = 1
  AND claimed_until <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)

-- [id, claim, lease]: goes on with it, unless somebody else has begun another one.
-- name: renew-transcode
UPDATE videos SET
  claimed_until = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) + CAST(j.json ->> 2 AS bigint)
FROM (SELECT CAST(##json::string AS json) AS json) AS j
WHERE id = CAST(j.json ->> 0 AS bigint) AND transcode = 1 AND claim = CAST(j.json ->> 1 AS bigint)

-- [id, claim, file, transcode, attempts, pause, trouble]: ends it, on the same condition.
-- name: update-transcode
UPDATE videos SET file = j.json ->> 2, transcode = CAST(j.json ->> 3 AS bigint),
  attempts = CAST(j.json ->> 4 AS bigint), trouble = j.json ->> 6,
  claimed_until = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) + CAST(j.json ->> 5 AS bigint)
FROM (SELECT CAST(##json::string AS json) AS json) AS j
WHERE id = CAST(j.json ->> 0 AS bigint) AND transcode = 1 AND claim = CAST(j.json ->> 1 AS bigint)

-- [id, owner, kind]: one that is there already is to be looked at again.
-- name: insert-picture
INSERT INTO pictures (id, owner_id, kind)
SELECT CAST(j.json ->> 0 AS bigint), CAST(j.json ->> 1 AS bigint), CAST(j.json ->> 2 AS bigint)
FROM (SELECT CAST(##json::string AS json) AS json) AS j
ON CONFLICT (id) DO UPDATE SET settled = 0

-- [id, …] → those that there are.
-- name: get-pictures
SELECT p.id, p.owner_id, p.kind
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN pictures AS p ON p.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [owner, …] → all of theirs.
-- name: get-pictures-of
SELECT p.id, p.owner_id, p.kind
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN pictures AS p ON p.owner_id = CAST(j.value AS bigint)
ORDER BY j.place, p.id

-- name: get-unsettled-pictures
SELECT id, owner_id, kind FROM pictures WHERE settled = 0 ORDER BY id

-- [id, …]
-- name: settle-pictures
UPDATE pictures SET settled = 1
FROM json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE pictures.id = CAST(j.value AS bigint)

-- [id, …]
-- name: delete-pictures
DELETE FROM pictures
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE pictures.id = CAST(j.value AS bigint)

-- [id, …] → of those that are, or were until not long ago: place, author, whether it was deleted,
-- whether something of it may be left
-- name: find-states
SELECT j.place - 1, coalesce(v.author_id, d.author_id), CAST(d.id IS NOT NULL AS int),
  coalesce(d.pending, 0)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN videos AS v ON v.id = CAST(j.value AS bigint)
LEFT JOIN deleted_videos AS d ON d.id = CAST(j.value AS bigint)
WHERE coalesce(v.id, d.id) IS NOT NULL

-- [id, …] → those that are: id, author, publish time, what there is to be transcoded,
-- and whether it was hidden
-- name: find-to-delete
SELECT v.id, v.author_id, v.publish_time, v.transcode, CAST(v.hidden <> 0 AS int)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN videos AS v ON v.id = CAST(j.value AS bigint)

-- [[id, author, time], …]
-- name: remember-deleted
INSERT INTO deleted_videos (id, author_id, deleted, pending)
SELECT CAST(j ->> 0 AS bigint), CAST(j ->> 1 AS bigint), CAST(j ->> 2 AS bigint), 1
FROM json_array_elements(CAST(##json::string AS json)) AS j

-- [id, …]
-- name: delete-videos
DELETE FROM videos
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE videos.id = CAST(j.value AS bigint)

-- [time]: forgets some of those before it, but none that is not clean.
-- name: forget-deleted
DELETE FROM deleted_videos WHERE id IN (
  SELECT id FROM deleted_videos
  WHERE deleted < CAST(CAST(##json::string AS json) ->> 0 AS bigint) AND pending = 0
  ORDER BY deleted LIMIT 8192)

-- name: list-unclean
SELECT id FROM deleted_videos WHERE pending = 1 ORDER BY id LIMIT 1024

-- [id, …]
-- name: set-clean
UPDATE deleted_videos SET pending = 0
FROM json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE deleted_videos.id = CAST(j.value AS bigint)

-- [user, …]
-- name: mark-removed-users
INSERT INTO video_removed_users (id) SELECT CAST(j.value AS bigint)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (id) DO NOTHING

-- [user, …] → a piece of their videos, with the author.
-- name: find-works-of-removed
SELECT v.id, v.author_id
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN videos AS v ON v.author_id = CAST(j.value AS bigint) LIMIT 64

-- [user, …] → the places of those of whom there is still a video, a file of one, or a picture.
-- name: find-remains
SELECT j.place - 1
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE EXISTS (SELECT 1 FROM videos AS v WHERE v.author_id = CAST(j.value AS bigint))
  OR EXISTS (SELECT 1 FROM deleted_videos AS d WHERE d.pending = 1 AND d.author_id = CAST(j.value AS bigint))
  OR EXISTS (SELECT 1 FROM pictures AS p WHERE p.owner_id = CAST(j.value AS bigint))

-- [user, …] They count nothing any more.
-- name: delete-authors
DELETE FROM authors
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE authors.id = CAST(j.value AS bigint) AND authors.work_count = 0

-- The recount reads everything, once: what is and what was counted are added up side by side.
-- name: recount-authors
SELECT author, CAST(sum(works) AS bigint) FROM (
  SELECT author_id AS author, count(*) AS works, 0 AS counted FROM videos
  WHERE hidden = 0 GROUP BY author_id
  UNION ALL
  SELECT id, 0, work_count FROM authors) AS a
GROUP BY author HAVING sum(works) <> sum(counted)

-- [[author, works], …]
-- name: set-work-counts
INSERT INTO authors (id, work_count)
SELECT CAST(j ->> 0 AS bigint), CAST(j ->> 1 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) AS j
ON CONFLICT (id) DO UPDATE SET work_count = EXCLUDED.work_count

-- name: recount-total
SELECT (SELECT count(*) FROM videos WHERE hidden = 0), videos FROM video_totals

-- [videos]
-- name: set-total
UPDATE video_totals SET videos = CAST(j.json ->> 0 AS bigint)
FROM (SELECT CAST(##json::string AS json) AS json) AS j

-- [id] → the newest videos before that one.
-- name: list-videos
SELECT id, author_id, title, publish_time, hidden FROM videos
WHERE id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [id] → the newest videos before that one that are hidden.
-- name: list-hidden
SELECT id, author_id, title, publish_time, hidden FROM videos
WHERE hidden <> 0 AND id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [id] → the newest videos before that one that could not be transcoded.
-- name: list-failed
SELECT id, author_id, title, publish_time, trouble FROM videos
WHERE transcode = 2 AND id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [[id, …], …] → a row for each, in the same order: id, what there is to be transcoded.
-- name: find-retries
SELECT v.id, v.transcode
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN videos AS v ON v.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, time, uid, login, why], …]
-- name: audit-retries
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), j.value ->> 3, 'video retry', v.id,
  j.value ->> 4
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN videos AS v ON v.id = CAST(j.value ->> 0 AS bigint)
WHERE v.transcode = 2
ORDER BY j.place

-- [[id, …], …] Others stay as they are.
-- name: retry-transcodes
UPDATE videos SET transcode = 1, attempts = 0, claim = 0, claimed_until = 0
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE videos.id = CAST(j ->> 0 AS bigint) AND videos.transcode = 2

-- [author, time] → the newest videos of the author before that time, hidden ones too.
-- name: list-videos-of
SELECT id, title, file, cover, publish_time, hidden FROM videos
WHERE author_id = (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
  AND publish_time < (SELECT CAST(CAST(##json::string AS json) ->> 1 AS bigint))
ORDER BY publish_time DESC LIMIT 500

-- [[id, 1 to hide, …], …] → a row for each, in the same order: id, author, publish time, whether that is
-- going to change anything.
-- name: find-hide-changes
SELECT v.id, v.author_id, v.publish_time, CAST((v.hidden <> 0) <> (j.value ->> 1 = '1') AS int)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN videos AS v ON v.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, 1 to hide, time, uid, login, why], …]
-- name: audit-hides
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 2 AS bigint), CAST(j.value ->> 3 AS bigint), j.value ->> 4,
  CASE WHEN j.value ->> 1 = '1' THEN 'video hide' ELSE 'video unhide' END, v.id, j.value ->> 5
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN videos AS v ON v.id = CAST(j.value ->> 0 AS bigint)
WHERE (v.hidden <> 0) <> (j.value ->> 1 = '1')
ORDER BY j.place

-- [[id, 1 to hide, time, uid, login, why], …] What is so already stays so.
-- name: set-hidden
UPDATE videos SET hidden = CAST(j ->> 1 AS bigint) * CAST(j ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE videos.id = CAST(j ->> 0 AS bigint) AND (videos.hidden <> 0) <> (j ->> 1 = '1')

-- [[id, time, uid, login, why], …]
-- name: audit-deletions
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), j.value ->> 3, 'video delete', v.id,
  j.value ->> 4
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN videos AS v ON v.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM video_audit
WHERE id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE FROM video_audit WHERE id IN (
  SELECT id FROM (SELECT id, acted FROM video_audit ORDER BY id LIMIT 8192) AS oldest
  WHERE acted < CAST(CAST(##json::string AS json) ->> 0 AS bigint))
