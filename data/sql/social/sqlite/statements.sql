-- SPDX-License-Identifier: Apache-2.0
-- Where a statement answers about many, its first column is the place of what it answers about,
-- from 0, and what there is nothing to say about is left out.

-- name: get-totals
SELECT favorites, comments, follows FROM totals WHERE id = 1

-- [[user, video, author], …] → those that are liked, or whose video was removed, or whose author is
-- apart from the user.
-- name: find-favorites
SELECT j.key, f.sequence, f.author, r.video IS NOT NULL, coalesce(b.user, c.user) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM json_each(##json::string) AS j
LEFT JOIN favorites AS f ON f.user = j.value ->> 0 AND f.video = j.value ->> 1
LEFT JOIN removed_videos AS r ON r.video = j.value ->> 1
LEFT JOIN blocks AS b ON b.user = j.value ->> 0 AND b.whom = j.value ->> 2
LEFT JOIN blocks AS c ON c.user = j.value ->> 2 AND c.whom = j.value ->> 0
LEFT JOIN social_removed_users AS g ON g.id = j.value ->> 0
LEFT JOIN social_removed_users AS h ON h.id = j.value ->> 2
WHERE coalesce(f.sequence, r.video, b.user, c.user, g.id, h.id) IS NOT NULL

-- [[user, video, author], …], none of them liked.
-- name: add-favorites
INSERT INTO favorites (user, video, author)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string) ORDER BY key

-- [sequence, …]
-- name: remove-favorites
DELETE FROM favorites WHERE sequence IN (SELECT value FROM json_each(##json::string))

-- [[user, whom, …], …] → those that are followed, or apart, or of whom one was
-- removed.
-- name: find-follows
SELECT j.key, f.sequence, 0, 0, coalesce(b.user, c.user) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM json_each(##json::string) AS j
LEFT JOIN follows AS f ON f.user = j.value ->> 0 AND f.whom = j.value ->> 1
LEFT JOIN blocks AS b ON b.user = j.value ->> 0 AND b.whom = j.value ->> 1
LEFT JOIN blocks AS c ON c.user = j.value ->> 1 AND c.whom = j.value ->> 0
LEFT JOIN social_removed_users AS g ON g.id = j.value ->> 0
LEFT JOIN social_removed_users AS h ON h.id = j.value ->> 1
WHERE coalesce(f.sequence, b.user, c.user, g.id, h.id) IS NOT NULL

-- [[user, whom, …], …], none of them followed.
-- name: add-follows
INSERT INTO follows (user, whom)
SELECT value ->> 0, value ->> 1 FROM json_each(##json::string) ORDER BY key

-- [sequence, …]
-- name: remove-follows
DELETE FROM follows WHERE sequence IN (SELECT value FROM json_each(##json::string))

-- [[user, whom, …], …] → those that are blocked.
-- name: find-blocks
SELECT j.key, b.sequence, 0, 0, 0, coalesce(g.id, h.id) IS NOT NULL
FROM json_each(##json::string) AS j
LEFT JOIN blocks AS b ON b.user = j.value ->> 0 AND b.whom = j.value ->> 1
LEFT JOIN social_removed_users AS g ON g.id = j.value ->> 0
LEFT JOIN social_removed_users AS h ON h.id = j.value ->> 1
WHERE coalesce(b.sequence, g.id, h.id) IS NOT NULL

-- [[user, whom, …], …], none of them blocked.
-- name: add-blocks
INSERT INTO blocks (user, whom)
SELECT value ->> 0, value ->> 1 FROM json_each(##json::string) ORDER BY key

-- [sequence, …]
-- name: remove-blocks
DELETE FROM blocks WHERE sequence IN (SELECT value FROM json_each(##json::string))

-- [[user, whom], …] → those of whom either blocks the other
-- name: are-apart
SELECT j.key
FROM json_each(##json::string) AS j
LEFT JOIN blocks AS b ON b.user = j.value ->> 0 AND b.whom = j.value ->> 1
LEFT JOIN blocks AS c ON c.user = j.value ->> 1 AND c.whom = j.value ->> 0
WHERE coalesce(b.user, c.user) IS NOT NULL

-- [[user, video], …]
-- name: are-favorites
SELECT j.key
FROM json_each(##json::string) AS j
CROSS JOIN favorites AS f ON f.user = j.value ->> 0 AND f.video = j.value ->> 1

-- [[user, whom], …]
-- name: are-follows
SELECT j.key
FROM json_each(##json::string) AS j
CROSS JOIN follows AS f ON f.user = j.value ->> 0 AND f.whom = j.value ->> 1

-- [[owner, below, most], …], most the same in all → the ids of each page as one text, and behind a semicolon the
-- sequence of the last; nothing for an empty one. A row for each id would cost several times as much, nearly all
-- of it in the library. The engine concatenates in the order of the inner query, which it cannot merge with
-- the outer one because of its limit.
-- name: list-favorites
SELECT j.key, (
  SELECT group_concat(id) || ';' || min(sequence) FROM (
    SELECT sequence, video AS id FROM favorites
    WHERE user = j.value ->> 0 AND sequence < j.value ->> 1
    ORDER BY sequence DESC LIMIT json_extract(##json::string, '$[0][2]')))
FROM json_each(##json::string) AS j

-- name: list-follows
SELECT j.key, (
  SELECT group_concat(id) || ';' || min(sequence) FROM (
    SELECT sequence, whom AS id FROM follows
    WHERE user = j.value ->> 0 AND sequence < j.value ->> 1
    ORDER BY sequence DESC LIMIT json_extract(##json::string, '$[0][2]')))
FROM json_each(##json::string) AS j

-- name: list-followers
SELECT j.key, (
  SELECT group_concat(id) || ';' || min(sequence) FROM (
    SELECT sequence, user AS id FROM follows
    WHERE whom = j.value ->> 0 AND sequence < j.value ->> 1
    ORDER BY sequence DESC LIMIT json_extract(##json::string, '$[0][2]')))
FROM json_each(##json::string) AS j

-- name: list-friends
SELECT j.key, (
  SELECT group_concat(id) || ';' || min(sequence) FROM (
    SELECT sequence, whom AS id FROM follows
    WHERE user = j.value ->> 0 AND sequence < j.value ->> 1 AND mutual = 1
    ORDER BY sequence DESC LIMIT json_extract(##json::string, '$[0][2]')))
FROM json_each(##json::string) AS j

-- name: list-blocks
SELECT j.key, (
  SELECT group_concat(id) || ';' || min(sequence) FROM (
    SELECT sequence, whom AS id FROM blocks
    WHERE user = j.value ->> 0 AND sequence < j.value ->> 1
    ORDER BY sequence DESC LIMIT json_extract(##json::string, '$[0][2]')))
FROM json_each(##json::string) AS j

-- Whom the user blocks and who blocks the user; twice who does both.
-- name: list-apart
SELECT j.key, (
  SELECT group_concat(id) || ';' || min(sequence) FROM (
    SELECT sequence, whom AS id FROM blocks WHERE user = j.value ->> 0 AND sequence < j.value ->> 1
    UNION ALL
    SELECT sequence, user AS id FROM blocks WHERE whom = j.value ->> 0 AND sequence < j.value ->> 1
    ORDER BY sequence DESC LIMIT json_extract(##json::string, '$[0][2]')))
FROM json_each(##json::string) AS j

-- [[video, below, most], …], most the same in all → their pages, in no order
-- name: list-comments
SELECT j.key, c.id, c.user, c.text, c.created, c.likes, c.dislikes
FROM json_each(##json::string) AS j CROSS JOIN comments AS c ON c.id IN (
  SELECT id FROM comments WHERE video = j.value ->> 0 AND id < j.value ->> 1
  ORDER BY id DESC LIMIT json_extract(##json::string, '$[0][2]'))

-- [video, …]
-- name: get-video-counts
SELECT j.key, c.favorites, c.comments
FROM json_each(##json::string) AS j CROSS JOIN video_counts AS c ON c.video = j.value

-- [user, …]
-- name: get-user-counts
SELECT j.key, c.follows, c.followers, c.total_favorited, c.favorites
FROM json_each(##json::string) AS j CROSS JOIN user_counts AS c ON c.user = j.value

-- [[id, user, video, request, author], …] → what is known of each: what the request made, what has
-- the id, whether the video was removed, whether its author is apart from the user.
-- name: find-drafts
SELECT j.key, q.comment, q.created,
  coalesce(c.user, d.user), coalesce(c.video, d.video), coalesce(c.created, d.created),
  r.video IS NOT NULL, coalesce(a.user, b.user) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM json_each(##json::string) AS j
LEFT JOIN comment_requests AS q ON q.user = j.value ->> 1 AND q.request = j.value ->> 3
LEFT JOIN comments AS c ON c.id = j.value ->> 0
LEFT JOIN deleted_comments AS d ON d.id = j.value ->> 0
LEFT JOIN removed_videos AS r ON r.video = j.value ->> 2
LEFT JOIN blocks AS a ON a.user = j.value ->> 1 AND a.whom = j.value ->> 4
LEFT JOIN blocks AS b ON b.user = j.value ->> 4 AND b.whom = j.value ->> 1
LEFT JOIN social_removed_users AS g ON g.id = j.value ->> 1
LEFT JOIN social_removed_users AS h ON h.id = j.value ->> 4
WHERE coalesce(q.comment, c.id, d.id, r.video, a.user, b.user, g.id, h.id) IS NOT NULL

-- [[id, user, video, text, time], …]
-- name: add-comments
INSERT INTO comments (id, user, video, text, created)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(##json::string)

-- [[id, user, request, time], …]
-- name: add-comment-requests
INSERT INTO comment_requests (comment, user, request, created)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(##json::string)

-- [time]: forgets some of those before it.
-- name: forget-comment-requests
DELETE FROM comment_requests WHERE comment IN (
  SELECT comment FROM comment_requests
  WHERE created < json_extract(##json::string, '$[0]') ORDER BY created LIMIT 8192)

-- [id, …] → writer, video, and who deleted it (0 if it is there)
-- name: find-comments
SELECT j.key, coalesce(c.user, d.user), coalesce(c.video, d.video), d.deleter
FROM json_each(##json::string) AS j
LEFT JOIN comments AS c ON c.id = j.value
LEFT JOIN deleted_comments AS d ON d.id = j.value
WHERE coalesce(c.id, d.id) IS NOT NULL

-- [[id, time, uid, login, why], …]
-- name: audit-comment-deletions
INSERT INTO social_audit (acted, uid, login, action, target, why)
SELECT value ->> 1, value ->> 2, value ->> 3, 'comment delete', value ->> 0, value ->> 4
FROM json_each(##json::string)

-- [[id, deleter, time], …]
-- name: remember-deleted-comments
INSERT INTO deleted_comments (id, video, user, created, deleter, deleted)
SELECT c.id, c.video, c.user, c.created, j.value ->> 1, j.value ->> 2
FROM json_each(##json::string) AS j CROSS JOIN comments AS c ON c.id = j.value ->> 0

-- [id, …]
-- name: remove-comments
DELETE FROM comments WHERE id IN (SELECT value FROM json_each(##json::string))

-- [time]: forgets some of those before it.
-- name: forget-deleted-comments
DELETE FROM deleted_comments WHERE id IN (
  SELECT id FROM deleted_comments
  WHERE deleted < json_extract(##json::string, '$[0]') ORDER BY deleted LIMIT 8192)

-- [[user, comment, …], …] → those whose comment is there, what the user feels about it, and whether
-- its writer is apart from the user
-- name: find-feelings
SELECT j.key, f.feeling, coalesce(a.user, b.user) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM json_each(##json::string) AS j
CROSS JOIN comments AS c ON c.id = j.value ->> 1
LEFT JOIN feelings AS f ON f.comment = c.id AND f.user = j.value ->> 0
LEFT JOIN blocks AS a ON a.user = j.value ->> 0 AND a.whom = c.user
LEFT JOIN blocks AS b ON b.user = c.user AND b.whom = j.value ->> 0
LEFT JOIN social_removed_users AS g ON g.id = j.value ->> 0
LEFT JOIN social_removed_users AS h ON h.id = c.user

-- [[user, comment, …], …] → those about which something is felt, and what
-- name: get-feelings
SELECT j.key, f.feeling
FROM json_each(##json::string) AS j
CROSS JOIN feelings AS f ON f.comment = j.value ->> 1 AND f.user = j.value ->> 0

-- [[user, comment, feeling], …]
-- name: set-feelings
INSERT INTO feelings (user, comment, feeling)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string) WHERE true
ON CONFLICT (comment, user) DO UPDATE SET feeling = excluded.feeling

-- [[user, comment, …], …]
-- name: remove-feelings
DELETE FROM feelings
WHERE (comment, user) IN (SELECT value ->> 1, value ->> 0 FROM json_each(##json::string))

-- [video, …]
-- name: mark-removed-videos
INSERT INTO removed_videos (video, pending)
SELECT value, 1 FROM json_each(##json::string) WHERE true
ON CONFLICT (video) DO NOTHING

-- A piece of the likes of removed videos.
-- name: find-removed-favorites
SELECT f.sequence, f.user, f.video, f.author
FROM removed_videos AS r CROSS JOIN favorites AS f
WHERE r.pending = 1 AND f.video = r.video LIMIT 1024

-- A piece of the comments under removed videos.
-- name: find-removed-comments
SELECT c.id, c.video
FROM removed_videos AS r CROSS JOIN comments AS c
WHERE r.pending = 1 AND c.video = r.video LIMIT 1024

-- A piece of the open reports of removed videos.
-- name: find-reports-of-removed-videos
SELECT p.id, p.target, 0, 0
FROM removed_videos AS r CROSS JOIN reports AS p
WHERE r.pending = 1 AND p.kind = 1 AND p.target = r.video AND p.resolved = 0 LIMIT 1024

-- name: remove-video-counts
DELETE FROM video_counts WHERE video IN (SELECT video FROM removed_videos WHERE pending = 1)

-- name: settle-removed-videos
UPDATE removed_videos SET pending = 0 WHERE pending = 1

-- [user, …]
-- name: mark-removed-users
INSERT INTO social_removed_users (id) SELECT value FROM json_each(##json::string) WHERE true
ON CONFLICT (id) DO NOTHING

-- [user, …] → a piece of the likes that they gave.
-- name: find-favorites-of-removed
SELECT f.sequence, f.user, f.video, f.author
FROM json_each(##json::string) AS j
CROSS JOIN favorites AS f ON f.user = j.value LIMIT 1024

-- [user, …] → a piece of their follows.
-- name: find-follows-of-removed
SELECT f.sequence, f.user, f.whom, 0
FROM json_each(##json::string) AS j
CROSS JOIN follows AS f ON f.user = j.value LIMIT 1024

-- [user, …] → a piece of the follows of them.
-- name: find-followers-of-removed
SELECT f.sequence, f.user, f.whom, 0
FROM json_each(##json::string) AS j
CROSS JOIN follows AS f ON f.whom = j.value LIMIT 1024

-- [user, …] → a piece of their blocks.
-- name: find-blocks-of-removed
SELECT b.sequence, b.user, b.whom, 0
FROM json_each(##json::string) AS j
CROSS JOIN blocks AS b ON b.user = j.value LIMIT 1024

-- [user, …] → a piece of the blocks of them.
-- name: find-blockers-of-removed
SELECT b.sequence, b.user, b.whom, 0
FROM json_each(##json::string) AS j
CROSS JOIN blocks AS b ON b.whom = j.value LIMIT 1024

-- [user, …] → a piece of their comments.
-- name: find-comments-of-removed
SELECT c.id, c.user, c.video, 0
FROM json_each(##json::string) AS j
CROSS JOIN comments AS c ON c.user = j.value LIMIT 1024

-- [user, …] → a piece of what they feel about comments.
-- name: find-feelings-of-removed
SELECT 0, f.user, f.comment, 0
FROM json_each(##json::string) AS j
CROSS JOIN feelings AS f ON f.user = j.value LIMIT 1024

-- [user, …] → a piece of what clients called their comments.
-- name: find-requests-of-removed
SELECT q.comment, q.user, 0, 0
FROM json_each(##json::string) AS j
CROSS JOIN comment_requests AS q ON q.user = j.value LIMIT 1024

-- [comment, …]
-- name: remove-comment-requests
DELETE FROM comment_requests WHERE comment IN (SELECT value FROM json_each(##json::string))

-- [user, …] → a piece of what they reported.
-- name: find-reports-by-removed
SELECT r.id, r.reporter, 0, 0
FROM json_each(##json::string) AS j
CROSS JOIN reports AS r ON r.reporter = j.value LIMIT 1024

-- [report, …]
-- name: remove-reports
DELETE FROM reports WHERE id IN (SELECT value FROM json_each(##json::string))

-- [user, …] → a piece of the open reports of them.
-- name: find-reports-of-removed
SELECT r.id, r.target, 0, 0
FROM json_each(##json::string) AS j
CROSS JOIN reports AS r ON r.kind = 3 AND r.target = j.value AND r.resolved = 0 LIMIT 1024

-- [comment, …] → the open reports of them.
-- name: find-reports-of-comments
SELECT r.id, r.target, 0, 0
FROM json_each(##json::string) AS j
CROSS JOIN reports AS r ON r.kind = 2 AND r.target = j.value AND r.resolved = 0

-- [user, …] Where a like of their videos still counts, that is on its way out, too.
-- name: remove-user-counts
DELETE FROM user_counts WHERE user IN (SELECT value FROM json_each(##json::string))
  AND follows = 0 AND followers = 0 AND total_favorited = 0 AND favorites = 0

-- The recount reads everything, once: what is and what was counted are added up side by side.
-- name: recount-videos
SELECT video, sum(favorites), sum(comments),
  (sum(favorites) <> sum(counted_favorites)) + (sum(comments) <> sum(counted_comments)) AS wrong
FROM (
  SELECT video, count(*) AS favorites, 0 AS comments,
    0 AS counted_favorites, 0 AS counted_comments
  FROM favorites GROUP BY video
  UNION ALL
  SELECT video, 0, count(*), 0, 0 FROM comments GROUP BY video
  UNION ALL
  SELECT video, 0, 0, favorites, comments FROM video_counts)
GROUP BY video HAVING wrong > 0

-- [[video, favorites, comments], …]
-- name: set-video-counts
INSERT INTO video_counts (video, favorites, comments)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string) WHERE true
ON CONFLICT (video) DO UPDATE SET favorites = excluded.favorites, comments = excluded.comments

-- name: recount-users
SELECT user, sum(follows), sum(followers), sum(total_favorited), sum(favorites),
  (sum(follows) <> sum(counted_follows)) + (sum(followers) <> sum(counted_followers))
    + (sum(total_favorited) <> sum(counted_total_favorited))
    + (sum(favorites) <> sum(counted_favorites)) AS wrong
FROM (
  SELECT user, count(*) AS follows, 0 AS followers, 0 AS total_favorited, 0 AS favorites,
    0 AS counted_follows, 0 AS counted_followers, 0 AS counted_total_favorited,
    0 AS counted_favorites
  FROM follows GROUP BY user
  UNION ALL
  SELECT whom, 0, count(*), 0, 0, 0, 0, 0, 0 FROM follows GROUP BY whom
  UNION ALL
  SELECT author, 0, 0, count(*), 0, 0, 0, 0, 0 FROM favorites GROUP BY author
  UNION ALL
  SELECT user, 0, 0, 0, count(*), 0, 0, 0, 0 FROM favorites GROUP BY user
  UNION ALL
  SELECT user, 0, 0, 0, 0, follows, followers, total_favorited, favorites FROM user_counts)
GROUP BY user HAVING wrong > 0

-- [[user, follows, followers, total favorited, favorites], …]
-- name: set-user-counts
INSERT INTO user_counts (user, follows, followers, total_favorited, favorites)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(##json::string) WHERE true
ON CONFLICT (user) DO UPDATE SET follows = excluded.follows, followers = excluded.followers,
  total_favorited = excluded.total_favorited, favorites = excluded.favorites

-- name: recount-comments
SELECT id, sum(likes), sum(dislikes),
  (sum(likes) <> sum(counted_likes)) + (sum(dislikes) <> sum(counted_dislikes)) AS wrong
FROM (
  SELECT comment AS id, sum(feeling = 1) AS likes, sum(feeling = 2) AS dislikes,
    0 AS counted_likes, 0 AS counted_dislikes
  FROM feelings GROUP BY comment
  UNION ALL
  SELECT id, 0, 0, likes, dislikes FROM comments)
GROUP BY id HAVING wrong > 0

-- [[comment, likes, dislikes], …]
-- name: set-comment-counts
UPDATE comments SET likes = j.value ->> 1, dislikes = j.value ->> 2
FROM json_each(##json::string) AS j WHERE comments.id = j.value ->> 0

-- name: recount-friends
SELECT f.sequence, b.sequence IS NOT NULL, 1
FROM follows AS f LEFT JOIN follows AS b ON b.user = f.whom AND b.whom = f.user
WHERE f.mutual <> (b.sequence IS NOT NULL)

-- [[sequence, mutual], …]
-- name: set-friends
UPDATE follows SET mutual = j.value ->> 1
FROM json_each(##json::string) AS j WHERE follows.sequence = j.value ->> 0

-- name: recount-totals
SELECT f.n, c.n, g.n, f.n - t.favorites, c.n - t.comments, g.n - t.follows
FROM totals AS t CROSS JOIN (SELECT count(*) AS n FROM favorites) AS f
CROSS JOIN (SELECT count(*) AS n FROM comments) AS c
CROSS JOIN (SELECT count(*) AS n FROM follows) AS g

-- [[favorites, comments, follows]]
-- name: set-totals
UPDATE totals SET favorites = j.value ->> 0, comments = j.value ->> 1, follows = j.value ->> 2
FROM json_each(##json::string) AS j WHERE totals.id = 1

-- [[reporter, kind, target, reason, time], …] What somebody has reported before stays as it was.
-- name: add-reports
INSERT INTO reports (reporter, kind, target, reason, created)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(##json::string) WHERE NOT EXISTS (SELECT 1 FROM social_removed_users AS g
  WHERE g.id = value ->> 0 OR (value ->> 1 = 3 AND g.id = value ->> 2))
AND NOT (value ->> 1 = 1 AND EXISTS (SELECT 1 FROM removed_videos AS r WHERE r.video = value ->> 2))
ORDER BY key
ON CONFLICT (reporter, kind, target) DO NOTHING

-- [id] → the newest reports before that one, with the comment that is reported, if it is one.
-- name: list-reports
SELECT r.id, r.reporter, r.kind, r.target, r.reason, r.created, r.resolved,
  coalesce(c.user, 0), coalesce(c.video, 0), c.text
FROM reports AS r LEFT JOIN comments AS c ON r.kind = 2 AND c.id = r.target
WHERE r.id < json_extract(##json::string, '$[0]')
ORDER BY r.id DESC LIMIT 500

-- [id] → the newest open reports before that one, likewise.
-- name: list-open-reports
SELECT r.id, r.reporter, r.kind, r.target, r.reason, r.created, r.resolved,
  coalesce(c.user, 0), coalesce(c.video, 0), c.text
FROM reports AS r LEFT JOIN comments AS c ON r.kind = 2 AND c.id = r.target
WHERE r.resolved = 0 AND r.id < json_extract(##json::string, '$[0]')
ORDER BY r.id DESC LIMIT 500

-- [[id, …], …] → those that are there.
-- name: find-reports
SELECT j.key
FROM json_each(##json::string) AS j CROSS JOIN reports AS r ON r.id = j.value ->> 0

-- [[id, time, uid, login, why], …] Of what is resolved already there is an entry.
-- name: audit-reports
INSERT INTO social_audit (acted, uid, login, action, target, why)
SELECT j.value ->> 1, j.value ->> 2, j.value ->> 3, 'report resolve', r.id, j.value ->> 4
FROM json_each(##json::string) AS j CROSS JOIN reports AS r
WHERE r.id = j.value ->> 0 AND r.resolved = 0
ORDER BY j.key

-- [[id, time, …], …]
-- name: resolve-reports
UPDATE reports SET resolved = j.value ->> 1
FROM json_each(##json::string) AS j
WHERE reports.id = j.value ->> 0 AND reports.resolved = 0

-- [user, id] → the newest comments of the user before that one.
-- name: list-comments-of
SELECT id, video, text, created, likes, dislikes FROM comments
WHERE user = json_extract(##json::string, '$[0]')
  AND id < json_extract(##json::string, '$[1]')
ORDER BY id DESC LIMIT 500

-- [user, comment] → what the user feels about comments, the newest of these before that one. The library
-- asks a table that stands alone for its rowid, which this one has not.
-- name: list-feelings-of
SELECT f.comment, f.feeling
FROM (SELECT comment, feeling FROM feelings
      WHERE user = json_extract(##json::string, '$[0]')
        AND comment < json_extract(##json::string, '$[1]')
      ORDER BY comment DESC LIMIT 500) AS f

-- [user, id] → the newest reports of the user before that one.
-- name: list-reports-of
SELECT id, kind, target, reason, created, resolved FROM reports
WHERE reporter = json_extract(##json::string, '$[0]')
  AND id < json_extract(##json::string, '$[1]')
ORDER BY id DESC LIMIT 500

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM social_audit
WHERE id < json_extract(##json::string, '$[0]')
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE FROM social_audit WHERE id IN (
  SELECT id FROM (SELECT id, acted FROM social_audit ORDER BY id LIMIT 8192)
  WHERE acted < json_extract(##json::string, '$[0]'))
