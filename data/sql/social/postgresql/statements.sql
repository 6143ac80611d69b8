-- SPDX-License-Identifier: Apache-2.0
-- Where a statement answers about many, its first column is the place of what it answers about,
-- from 0, and what there is nothing to say about is left out.

-- name: lock-writes
SELECT id FROM social_totals WHERE id = 1 FOR UPDATE

-- name: get-totals
SELECT favorites, comments, follows FROM social_totals WHERE id = 1

-- [[user, video, author], …] → those that are liked, or whose video was removed, or whose author is
-- apart from the user.
-- name: find-favorites
SELECT j.place - 1, f.sequence, f.author, CAST(r.video IS NOT NULL AS int),
  CAST(coalesce(b.user_id, c.user_id) IS NOT NULL AS int),
  CAST(coalesce(g.id, h.id) IS NOT NULL AS int)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN favorites AS f ON f.user_id = CAST(j.value ->> 0 AS bigint) AND f.video = CAST(j.value ->> 1 AS bigint)
LEFT JOIN removed_videos AS r ON r.video = CAST(j.value ->> 1 AS bigint)
LEFT JOIN blocks AS b ON b.user_id = CAST(j.value ->> 0 AS bigint) AND b.whom = CAST(j.value ->> 2 AS bigint)
LEFT JOIN blocks AS c ON c.user_id = CAST(j.value ->> 2 AS bigint) AND c.whom = CAST(j.value ->> 0 AS bigint)
LEFT JOIN social_removed_users AS g ON g.id = CAST(j.value ->> 0 AS bigint)
LEFT JOIN social_removed_users AS h ON h.id = CAST(j.value ->> 2 AS bigint)
WHERE coalesce(f.sequence, r.video, b.user_id, c.user_id, g.id, h.id) IS NOT NULL

-- [[user, video, author], …], none of them liked.
-- name: add-favorites
INSERT INTO favorites (user_id, video, author)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ORDER BY j.place

-- [sequence, …]
-- name: remove-favorites
DELETE FROM favorites
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE favorites.sequence = CAST(j.value AS bigint)

-- [[user, whom, …], …] → those that are followed, or apart, or of whom one was
-- removed.
-- name: find-follows
SELECT j.place - 1, f.sequence, 0, 0, CAST(coalesce(b.user_id, c.user_id) IS NOT NULL AS int),
  CAST(coalesce(g.id, h.id) IS NOT NULL AS int)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN follows AS f ON f.user_id = CAST(j.value ->> 0 AS bigint) AND f.whom = CAST(j.value ->> 1 AS bigint)
LEFT JOIN blocks AS b ON b.user_id = CAST(j.value ->> 0 AS bigint) AND b.whom = CAST(j.value ->> 1 AS bigint)
LEFT JOIN blocks AS c ON c.user_id = CAST(j.value ->> 1 AS bigint) AND c.whom = CAST(j.value ->> 0 AS bigint)
LEFT JOIN social_removed_users AS g ON g.id = CAST(j.value ->> 0 AS bigint)
LEFT JOIN social_removed_users AS h ON h.id = CAST(j.value ->> 1 AS bigint)
WHERE coalesce(f.sequence, b.user_id, c.user_id, g.id, h.id) IS NOT NULL
ORDER BY j.place

-- [[user, whom, …], …], none of them followed.
-- name: add-follows
INSERT INTO follows (user_id, whom)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ORDER BY j.place

-- [sequence, …]
-- name: remove-follows
DELETE FROM follows
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE follows.sequence = CAST(j.value AS bigint)

-- [[user, whom, …], …] → those that are blocked.
-- name: find-blocks
SELECT j.place - 1, b.sequence, 0, 0, 0, CAST(coalesce(g.id, h.id) IS NOT NULL AS int)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN blocks AS b ON b.user_id = CAST(j.value ->> 0 AS bigint) AND b.whom = CAST(j.value ->> 1 AS bigint)
LEFT JOIN social_removed_users AS g ON g.id = CAST(j.value ->> 0 AS bigint)
LEFT JOIN social_removed_users AS h ON h.id = CAST(j.value ->> 1 AS bigint)
WHERE coalesce(b.sequence, g.id, h.id) IS NOT NULL

-- [[user, whom, …], …], none of them blocked.
-- name: add-blocks
INSERT INTO blocks (user_id, whom)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ORDER BY j.place

-- [sequence, …]
-- name: remove-blocks
DELETE FROM blocks
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE blocks.sequence = CAST(j.value AS bigint)

-- [[user, whom], …] → those of whom either blocks the other
-- name: are-apart
SELECT j.place - 1
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN blocks AS b ON b.user_id = CAST(j.value ->> 0 AS bigint) AND b.whom = CAST(j.value ->> 1 AS bigint)
LEFT JOIN blocks AS c ON c.user_id = CAST(j.value ->> 1 AS bigint) AND c.whom = CAST(j.value ->> 0 AS bigint)
WHERE coalesce(b.user_id, c.user_id) IS NOT NULL

-- [[user, video], …]
-- name: are-favorites
SELECT j.place - 1
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN favorites AS f ON f.user_id = CAST(j.value ->> 0 AS bigint) AND f.video = CAST(j.value ->> 1 AS bigint)

-- [[user, whom], …]
-- name: are-follows
SELECT j.place - 1
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN follows AS f ON f.user_id = CAST(j.value ->> 0 AS bigint) AND f.whom = CAST(j.value ->> 1 AS bigint)

-- [[owner, below, most], …], most the same in all → the ids of each page as one text, and behind a semicolon the
-- sequence of the last; nothing for an empty one. A row for each id would cost several times as much, nearly all
-- of it in the library.
-- name: list-favorites
SELECT j.place - 1, p.page
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place) CROSS JOIN LATERAL (
  SELECT string_agg(CAST(q.id AS text), ',' ORDER BY q.sequence DESC) || ';' || min(q.sequence) AS page FROM (
    SELECT sequence, video AS id FROM favorites
    WHERE user_id = CAST(j.value ->> 0 AS bigint) AND sequence < CAST(j.value ->> 1 AS bigint)
    ORDER BY sequence DESC LIMIT CAST(j.value ->> 2 AS bigint)) AS q) AS p

-- name: list-follows
SELECT j.place - 1, p.page
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place) CROSS JOIN LATERAL (
  SELECT string_agg(CAST(q.id AS text), ',' ORDER BY q.sequence DESC) || ';' || min(q.sequence) AS page FROM (
    SELECT sequence, whom AS id FROM follows
    WHERE user_id = CAST(j.value ->> 0 AS bigint) AND sequence < CAST(j.value ->> 1 AS bigint)
    ORDER BY sequence DESC LIMIT CAST(j.value ->> 2 AS bigint)) AS q) AS p

-- name: list-followers
SELECT j.place - 1, p.page
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place) CROSS JOIN LATERAL (
  SELECT string_agg(CAST(q.id AS text), ',' ORDER BY q.sequence DESC) || ';' || min(q.sequence) AS page FROM (
    SELECT sequence, user_id AS id FROM follows
    WHERE whom = CAST(j.value ->> 0 AS bigint) AND sequence < CAST(j.value ->> 1 AS bigint)
    ORDER BY sequence DESC LIMIT CAST(j.value ->> 2 AS bigint)) AS q) AS p

-- name: list-friends
SELECT j.place - 1, p.page
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place) CROSS JOIN LATERAL (
  SELECT string_agg(CAST(q.id AS text), ',' ORDER BY q.sequence DESC) || ';' || min(q.sequence) AS page FROM (
    SELECT sequence, whom AS id FROM follows
    WHERE user_id = CAST(j.value ->> 0 AS bigint) AND sequence < CAST(j.value ->> 1 AS bigint) AND mutual = 1
    ORDER BY sequence DESC LIMIT CAST(j.value ->> 2 AS bigint)) AS q) AS p

-- name: list-blocks
SELECT j.place - 1, p.page
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place) CROSS JOIN LATERAL (
  SELECT string_agg(CAST(q.id AS text), ',' ORDER BY q.sequence DESC) || ';' || min(q.sequence) AS page FROM (
    SELECT sequence, whom AS id FROM blocks
    WHERE user_id = CAST(j.value ->> 0 AS bigint) AND sequence < CAST(j.value ->> 1 AS bigint)
    ORDER BY sequence DESC LIMIT CAST(j.value ->> 2 AS bigint)) AS q) AS p

-- Whom the user blocks and who blocks the user; twice who does both.
-- name: list-apart
SELECT j.place - 1, p.page
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place) CROSS JOIN LATERAL (
  SELECT string_agg(CAST(q.id AS text), ',' ORDER BY q.sequence DESC) || ';' || min(q.sequence) AS page FROM (
    SELECT u.sequence, u.id FROM (
      (SELECT sequence, whom AS id FROM blocks
       WHERE user_id = CAST(j.value ->> 0 AS bigint) AND sequence < CAST(j.value ->> 1 AS bigint)
       ORDER BY sequence DESC LIMIT CAST(j.value ->> 2 AS bigint))
      UNION ALL
      (SELECT sequence, user_id AS id FROM blocks
       WHERE whom = CAST(j.value ->> 0 AS bigint) AND sequence < CAST(j.value ->> 1 AS bigint)
       ORDER BY sequence DESC LIMIT CAST(j.value ->> 2 AS bigint))) AS u
    ORDER BY u.sequence DESC LIMIT CAST(j.value ->> 2 AS bigint)) AS q) AS p

-- [[video, below, most], …], most the same in all → their pages, in no order
-- name: list-comments
SELECT j.place - 1, c.id, c.user_id, c.text, c.created, c.likes, c.dislikes
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place) CROSS JOIN LATERAL (
  SELECT * FROM comments
  WHERE video = CAST(j.value ->> 0 AS bigint) AND id < CAST(j.value ->> 1 AS bigint)
  ORDER BY id DESC LIMIT CAST(j.value ->> 2 AS bigint)) AS c

-- [video, …]
-- name: get-video-counts
SELECT j.place - 1, c.favorites, c.comments
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN video_counts AS c ON c.video = CAST(j.value AS bigint)

-- [user, …]
-- name: get-user-counts
SELECT j.place - 1, c.follows, c.followers, c.total_favorited, c.favorites
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN user_counts AS c ON c.user_id = CAST(j.value AS bigint)

-- [[id, user, video, request, author], …] → what is known of each: what the request made, what has
-- the id, whether the video was removed, whether its author is apart from the user.
-- name: find-drafts
SELECT j.place - 1, q.comment, q.created,
  coalesce(c.user_id, d.user_id), coalesce(c.video, d.video), coalesce(c.created, d.created),
  CAST(r.video IS NOT NULL AS int), CAST(coalesce(a.user_id, b.user_id) IS NOT NULL AS int),
  CAST(coalesce(g.id, h.id) IS NOT NULL AS int)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN comment_requests AS q ON q.user_id = CAST(j.value ->> 1 AS bigint) AND q.request = j.value ->> 3
LEFT JOIN comments AS c ON c.id = CAST(j.value ->> 0 AS bigint)
LEFT JOIN deleted_comments AS d ON d.id = CAST(j.value ->> 0 AS bigint)
LEFT JOIN removed_videos AS r ON r.video = CAST(j.value ->> 2 AS bigint)
LEFT JOIN blocks AS a ON a.user_id = CAST(j.value ->> 1 AS bigint) AND a.whom = CAST(j.value ->> 4 AS bigint)
LEFT JOIN blocks AS b ON b.user_id = CAST(j.value ->> 4 AS bigint) AND b.whom = CAST(j.value ->> 1 AS bigint)
LEFT JOIN social_removed_users AS g ON g.id = CAST(j.value ->> 1 AS bigint)
LEFT JOIN social_removed_users AS h ON h.id = CAST(j.value ->> 4 AS bigint)
WHERE coalesce(q.comment, c.id, d.id, r.video, a.user_id, b.user_id, g.id, h.id) IS NOT NULL

-- [[id, user, video, text, time], …]
-- name: add-comments
INSERT INTO comments (id, user_id, video, text, created)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), j.value ->> 3, CAST(j.value ->> 4 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)

-- [[id, user, request, time], …]
-- name: add-comment-requests
INSERT INTO comment_requests (comment, user_id, request, created)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), j.value ->> 2, CAST(j.value ->> 3 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)

-- [time]: forgets some of those before it.
-- name: forget-comment-requests
DELETE FROM comment_requests WHERE comment IN (
  SELECT comment FROM comment_requests
  WHERE created < CAST(CAST(##json::string AS json) ->> 0 AS bigint) ORDER BY created LIMIT 8192)

-- [id, …] → writer, video, and who deleted it (0 if it is there)
-- name: find-comments
SELECT j.place - 1, coalesce(c.user_id, d.user_id), coalesce(c.video, d.video), d.deleter
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN comments AS c ON c.id = CAST(j.value AS bigint)
LEFT JOIN deleted_comments AS d ON d.id = CAST(j.value AS bigint)
WHERE coalesce(c.id, d.id) IS NOT NULL

-- [[id, time, uid, login, why], …]
-- name: audit-comment-deletions
INSERT INTO social_audit (acted, uid, login, action, target, why)
SELECT CAST(j ->> 1 AS bigint), CAST(j ->> 2 AS bigint), j ->> 3, 'comment delete', CAST(j ->> 0 AS bigint), j ->> 4
FROM json_array_elements(CAST(##json::string AS json)) AS j

-- [[id, deleter, time], …]
-- name: remember-deleted-comments
INSERT INTO deleted_comments (id, video, user_id, created, deleter, deleted)
SELECT c.id, c.video, c.user_id, c.created, CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN comments AS c ON c.id = CAST(j.value ->> 0 AS bigint)

-- [id, …]
-- name: remove-comments
DELETE FROM comments
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE comments.id = CAST(j.value AS bigint)

-- [time]: forgets some of those before it.
-- name: forget-deleted-comments
DELETE FROM deleted_comments WHERE id IN (
  SELECT id FROM deleted_comments
  WHERE deleted < CAST(CAST(##json::string AS json) ->> 0 AS bigint) ORDER BY deleted LIMIT 8192)

-- [[user, comment, …], …] → those whose comment is there, what the user feels about it, and whether
-- its writer is apart from the user
-- name: find-feelings
SELECT j.place - 1, f.feeling, CAST(coalesce(a.user_id, b.user_id) IS NOT NULL AS int),
  CAST(coalesce(g.id, h.id) IS NOT NULL AS int)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN comments AS c ON c.id = CAST(j.value ->> 1 AS bigint)
LEFT JOIN feelings AS f ON f.comment = c.id AND f.user_id = CAST(j.value ->> 0 AS bigint)
LEFT JOIN blocks AS a ON a.user_id = CAST(j.value ->> 0 AS bigint) AND a.whom = c.user_id
LEFT JOIN blocks AS b ON b.user_id = c.user_id AND b.whom = CAST(j.value ->> 0 AS bigint)
LEFT JOIN social_removed_users AS g ON g.id = CAST(j.value ->> 0 AS bigint)
LEFT JOIN social_removed_users AS h ON h.id = c.user_id

-- [[user, comment, …], …] → those about which something is felt, and what
-- name: get-feelings
SELECT j.place - 1, f.feeling
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN feelings AS f ON f.comment = CAST(j.value ->> 1 AS bigint) AND f.user_id = CAST(j.value ->> 0 AS bigint)

-- [[user, comment, feeling], …]
-- name: set-feelings
INSERT INTO feelings (user_id, comment, feeling)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (comment, user_id) DO UPDATE SET feeling = EXCLUDED.feeling

-- [[user, comment, …], …]
-- name: remove-feelings
DELETE FROM feelings
USING json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE feelings.comment = CAST(j.value ->> 1 AS bigint) AND feelings.user_id = CAST(j.value ->> 0 AS bigint)

-- [video, …]
-- name: mark-removed-videos
INSERT INTO removed_videos (video, pending)
SELECT CAST(j.value AS bigint), 1
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (video) DO NOTHING

-- A piece of the likes of removed videos.
-- name: find-removed-favorites
SELECT f.sequence, f.user_id, f.video, f.author
FROM removed_videos AS r JOIN favorites AS f ON f.video = r.video
WHERE r.pending = 1 LIMIT 1024

-- A piece of the comments under removed videos.
-- name: find-removed-comments
SELECT c.id, c.video
FROM removed_videos AS r JOIN comments AS c ON c.video = r.video
WHERE r.pending = 1 LIMIT 1024

-- A piece of the open reports of removed videos.
-- name: find-reports-of-removed-videos
SELECT p.id, p.target, 0, 0
FROM removed_videos AS r JOIN reports AS p ON p.kind = 1 AND p.target = r.video
WHERE r.pending = 1 AND p.resolved = 0 LIMIT 1024

-- name: remove-video-counts
DELETE FROM video_counts WHERE video IN (SELECT video FROM removed_videos WHERE pending = 1)

-- name: settle-removed-videos
UPDATE removed_videos SET pending = 0 WHERE pending = 1

-- [user, …]
-- name: mark-removed-users
INSERT INTO social_removed_users (id) SELECT CAST(j.value AS bigint)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (id) DO NOTHING

-- [user, …] → a piece of the likes that they gave.
-- name: find-favorites-of-removed
SELECT f.sequence, f.user_id, f.video, f.author
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN favorites AS f ON f.user_id = CAST(j.value AS bigint) LIMIT 1024

-- [user, …] → a piece of their follows.
-- name: find-follows-of-removed
SELECT f.sequence, f.user_id, f.whom, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN follows AS f ON f.user_id = CAST(j.value AS bigint) LIMIT 1024

-- [user, …] → a piece of the follows of them.
-- name: find-followers-of-removed
SELECT f.sequence, f.user_id, f.whom, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN follows AS f ON f.whom = CAST(j.value AS bigint) LIMIT 1024

-- [user, …] → a piece of their blocks.
-- name: find-blocks-of-removed
SELECT b.sequence, b.user_id, b.whom, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN blocks AS b ON b.user_id = CAST(j.value AS bigint) LIMIT 1024

-- [user, …] → a piece of the blocks of them.
-- name: find-blockers-of-removed
SELECT b.sequence, b.user_id, b.whom, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN blocks AS b ON b.whom = CAST(j.value AS bigint) LIMIT 1024

-- [user, …] → a piece of their comments.
-- name: find-comments-of-removed
SELECT c.id, c.user_id, c.video, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN comments AS c ON c.user_id = CAST(j.value AS bigint) LIMIT 1024

-- [user, …] → a piece of what they feel about comments.
-- name: find-feelings-of-removed
SELECT 0, f.user_id, f.comment, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN feelings AS f ON f.user_id = CAST(j.value AS bigint) LIMIT 1024

-- [user, …] → a piece of what clients called their comments.
-- name: find-requests-of-removed
SELECT q.comment, q.user_id, 0, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN comment_requests AS q ON q.user_id = CAST(j.value AS bigint) LIMIT 1024

-- [comment, …]
-- name: remove-comment-requests
DELETE FROM comment_requests
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE comment_requests.comment = CAST(j.value AS bigint)

-- [user, …] → a piece of what they reported.
-- name: find-reports-by-removed
SELECT r.id, r.reporter, 0, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN reports AS r ON r.reporter = CAST(j.value AS bigint) LIMIT 1024

-- [report, …]
-- name: remove-reports
DELETE FROM reports
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE reports.id = CAST(j.value AS bigint)

-- [user, …] → a piece of the open reports of them.
-- name: find-reports-of-removed
SELECT r.id, r.target, 0, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN reports AS r ON r.kind = 3 AND r.target = CAST(j.value AS bigint) AND r.resolved = 0 LIMIT 1024

-- [comment, …] → the open reports of them.
-- name: find-reports-of-comments
SELECT r.id, r.target, 0, 0
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN reports AS r ON r.kind = 2 AND r.target = CAST(j.value AS bigint) AND r.resolved = 0

-- [user, …] Where a like of their videos still counts, that is on its way out, too.
-- name: remove-user-counts
DELETE FROM user_counts AS c
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE c.user_id = CAST(j.value AS bigint)
  AND c.follows = 0 AND c.followers = 0 AND c.total_favorited = 0 AND c.favorites = 0

-- The recount reads everything, once: what is and what was counted are added up side by side.
-- name: recount-videos
SELECT video, CAST(favorites AS bigint), CAST(comments AS bigint),
  CAST(favorites <> counted_favorites AS int) + CAST(comments <> counted_comments AS int)
FROM (SELECT video, sum(favorites) AS favorites, sum(counted_favorites) AS counted_favorites, sum(comments) AS comments, sum(counted_comments) AS counted_comments
  FROM (
    SELECT video AS video, count(*) AS favorites, 0 AS comments,
      0 AS counted_favorites, 0 AS counted_comments
    FROM favorites GROUP BY video
    UNION ALL
    SELECT video AS video, 0 AS favorites, count(*) AS comments,
      0 AS counted_favorites, 0 AS counted_comments
    FROM comments GROUP BY video
    UNION ALL
    SELECT video AS video, 0 AS favorites, 0 AS comments,
      favorites AS counted_favorites, comments AS counted_comments
    FROM video_counts) AS a
  GROUP BY video) AS b
WHERE favorites <> counted_favorites
  OR comments <> counted_comments

-- [[video, favorites, comments], …]
-- name: set-video-counts
INSERT INTO video_counts (video, favorites, comments)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (video) DO UPDATE SET favorites = EXCLUDED.favorites, comments = EXCLUDED.comments

-- name: recount-users
SELECT user_id, CAST(follows AS bigint), CAST(followers AS bigint), CAST(total_favorited AS bigint), CAST(favorites AS bigint),
  CAST(follows <> counted_follows AS int) + CAST(followers <> counted_followers AS int) + CAST(total_favorited <> counted_total_favorited AS int) + CAST(favorites <> counted_favorites AS int)
FROM (SELECT user_id, sum(follows) AS follows, sum(counted_follows) AS counted_follows, sum(followers) AS followers, sum(counted_followers) AS counted_followers, sum(total_favorited) AS total_favorited, sum(counted_total_favorited) AS counted_total_favorited, sum(favorites) AS favorites, sum(counted_favorites) AS counted_favorites
  FROM (
    SELECT user_id AS user_id, count(*) AS follows, 0 AS followers, 0 AS total_favorited, 0 AS favorites,
      0 AS counted_follows, 0 AS counted_followers, 0 AS counted_total_favorited, 0 AS counted_favorites
    FROM follows GROUP BY user_id
    UNION ALL
    SELECT whom AS user_id, 0 AS follows, count(*) AS followers, 0 AS total_favorited, 0 AS favorites,
      0 AS counted_follows, 0 AS counted_followers, 0 AS counted_total_favorited, 0 AS counted_favorites
    FROM follows GROUP BY whom
    UNION ALL
    SELECT author AS user_id, 0 AS follows, 0 AS followers, count(*) AS total_favorited, 0 AS favorites,
      0 AS counted_follows, 0 AS counted_followers, 0 AS counted_total_favorited, 0 AS counted_favorites
    FROM favorites GROUP BY author
    UNION ALL
    SELECT user_id AS user_id, 0 AS follows, 0 AS followers, 0 AS total_favorited, count(*) AS favorites,
      0 AS counted_follows, 0 AS counted_followers, 0 AS counted_total_favorited, 0 AS counted_favorites
    FROM favorites GROUP BY user_id
    UNION ALL
    SELECT user_id AS user_id, 0 AS follows, 0 AS followers, 0 AS total_favorited, 0 AS favorites,
      follows AS counted_follows, followers AS counted_followers, total_favorited AS counted_total_favorited, favorites AS counted_favorites
    FROM user_counts) AS a
  GROUP BY user_id) AS b
WHERE follows <> counted_follows
  OR followers <> counted_followers
  OR total_favorited <> counted_total_favorited
  OR favorites <> counted_favorites

-- [[user, follows, followers, total favorited, favorites], …]
-- name: set-user-counts
INSERT INTO user_counts (user_id, follows, followers, total_favorited, favorites)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), CAST(j.value ->> 3 AS bigint), CAST(j.value ->> 4 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
ON CONFLICT (user_id) DO UPDATE SET follows = EXCLUDED.follows, followers = EXCLUDED.followers, total_favorited = EXCLUDED.total_favorited, favorites = EXCLUDED.favorites

-- name: recount-comments
SELECT id, CAST(likes AS bigint), CAST(dislikes AS bigint),
  CAST(likes <> counted_likes AS int) + CAST(dislikes <> counted_dislikes AS int)
FROM (SELECT id, sum(likes) AS likes, sum(counted_likes) AS counted_likes, sum(dislikes) AS dislikes, sum(counted_dislikes) AS counted_dislikes
  FROM (
    SELECT comment AS id, sum(CAST(feeling = 1 AS int)) AS likes, sum(CAST(feeling = 2 AS int)) AS dislikes,
      0 AS counted_likes, 0 AS counted_dislikes
    FROM feelings GROUP BY comment
    UNION ALL
    SELECT id AS id, 0 AS likes, 0 AS dislikes,
      likes AS counted_likes, dislikes AS counted_dislikes
    FROM comments) AS a
  GROUP BY id) AS b
WHERE likes <> counted_likes
  OR dislikes <> counted_dislikes

-- [[comment, likes, dislikes], …]
-- name: set-comment-counts
UPDATE comments SET likes = CAST(j.value ->> 1 AS bigint), dislikes = CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE comments.id = CAST(j.value ->> 0 AS bigint)

-- name: recount-friends
SELECT f.sequence, CAST(b.sequence IS NOT NULL AS int), 1
FROM follows AS f LEFT JOIN follows AS b ON b.user_id = f.whom AND b.whom = f.user_id
WHERE f.mutual <> CAST(b.sequence IS NOT NULL AS int)

-- [[sequence, mutual], …]
-- name: set-friends
UPDATE follows SET mutual = CAST(j.value ->> 1 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE follows.sequence = CAST(j.value ->> 0 AS bigint)

-- name: recount-totals
SELECT f.n, c.n, g.n, f.n - t.favorites, c.n - t.comments, g.n - t.follows
FROM social_totals AS t CROSS JOIN (SELECT count(*) AS n FROM favorites) AS f
CROSS JOIN (SELECT count(*) AS n FROM comments) AS c
CROSS JOIN (SELECT count(*) AS n FROM follows) AS g

-- [[favorites, comments, follows]]
-- name: set-totals
UPDATE social_totals SET favorites = CAST(j.value ->> 0 AS bigint), comments = CAST(j.value ->> 1 AS bigint), follows = CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE social_totals.id = 1

-- [[reporter, kind, target, reason, time], …] What somebody has reported before stays as it was.
-- name: add-reports
INSERT INTO reports (reporter, kind, target, reason, created)
SELECT CAST(j.value ->> 0 AS bigint), CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), j.value ->> 3, CAST(j.value ->> 4 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE NOT EXISTS (SELECT 1 FROM social_removed_users AS g
  WHERE g.id = CAST(j.value ->> 0 AS bigint) OR (j.value ->> 1 = '3' AND g.id = CAST(j.value ->> 2 AS bigint)))
AND NOT (j.value ->> 1 = '1' AND EXISTS (SELECT 1 FROM removed_videos AS r
  WHERE r.video = CAST(j.value ->> 2 AS bigint)))
ORDER BY j.place
ON CONFLICT (reporter, kind, target) DO NOTHING

-- [id] → the newest reports before that one, with the comment that is reported, if it is one.
-- name: list-reports
SELECT r.id, r.reporter, r.kind, r.target, r.reason, r.created, r.resolved,
  coalesce(c.user_id, 0), coalesce(c.video, 0), c.text
FROM reports AS r LEFT JOIN comments AS c ON r.kind = 2 AND c.id = r.target
WHERE r.id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY r.id DESC LIMIT 500

-- [id] → the newest open reports before that one, likewise.
-- name: list-open-reports
SELECT r.id, r.reporter, r.kind, r.target, r.reason, r.created, r.resolved,
  coalesce(c.user_id, 0), coalesce(c.video, 0), c.text
FROM reports AS r LEFT JOIN comments AS c ON r.kind = 2 AND c.id = r.target
WHERE r.resolved = 0 AND r.id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY r.id DESC LIMIT 500

-- [[id, …], …] → those that are there.
-- name: find-reports
SELECT j.place - 1
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN reports AS r ON r.id = CAST(j.value ->> 0 AS bigint)

-- [[id, time, uid, login, why], …] Of what is resolved already there is an entry.
-- name: audit-reports
INSERT INTO social_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), j.value ->> 3, 'report resolve', r.id, j.value ->> 4
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN reports AS r ON r.id = CAST(j.value ->> 0 AS bigint)
WHERE r.resolved = 0
ORDER BY j.place

-- [[id, time, …], …]
-- name: resolve-reports
UPDATE reports SET resolved = CAST(j.value ->> 1 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE reports.id = CAST(j.value ->> 0 AS bigint) AND reports.resolved = 0

-- [user, id] → the newest comments of the user before that one.
-- name: list-comments-of
SELECT id, video, text, created, likes, dislikes FROM comments
WHERE user_id = (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
  AND id < (SELECT CAST(CAST(##json::string AS json) ->> 1 AS bigint))
ORDER BY id DESC LIMIT 500

-- [user, comment] → what the user feels about comments, the newest of these before that one.
-- name: list-feelings-of
SELECT comment, feeling FROM feelings
WHERE user_id = (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
  AND comment < (SELECT CAST(CAST(##json::string AS json) ->> 1 AS bigint))
ORDER BY comment DESC LIMIT 500

-- [user, id] → the newest reports of the user before that one.
-- name: list-reports-of
SELECT id, kind, target, reason, created, resolved FROM reports
WHERE reporter = (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
  AND id < (SELECT CAST(CAST(##json::string AS json) ->> 1 AS bigint))
ORDER BY id DESC LIMIT 500

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM social_audit
WHERE id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE FROM social_audit WHERE id IN (
  SELECT id FROM (SELECT id, acted FROM social_audit ORDER BY id LIMIT 8192) AS oldest
  WHERE acted < CAST(CAST(##json::string AS json) ->> 0 AS bigint))
