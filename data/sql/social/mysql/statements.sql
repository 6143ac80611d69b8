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
SELECT j.place - 1, f.sequence, f.author, r.video IS NOT NULL,
  coalesce(b.user_id, c.user_id) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    video BIGINT PATH '$[1]' ERROR ON ERROR,
    author BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
  LEFT JOIN favorites AS f ON f.user_id = j.user_id AND f.video = j.video
  LEFT JOIN removed_videos AS r ON r.video = j.video
  LEFT JOIN blocks AS b ON b.user_id = j.user_id AND b.whom = j.author
  LEFT JOIN blocks AS c ON c.user_id = j.author AND c.whom = j.user_id
  LEFT JOIN social_removed_users AS g ON g.id = j.user_id
  LEFT JOIN social_removed_users AS h ON h.id = j.author
WHERE coalesce(f.sequence, r.video, b.user_id, c.user_id, g.id, h.id) IS NOT NULL

-- [[user, video, author], …], none of them liked.
-- name: add-favorites
INSERT INTO favorites (user_id, video, author)
SELECT j.user_id, j.video, j.author
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    video BIGINT PATH '$[1]' ERROR ON ERROR,
    author BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
ORDER BY j.place

-- [sequence, …]
-- name: remove-favorites
DELETE t FROM favorites AS t JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON t.sequence = j.id

-- [[user, whom, …], …] → those that are followed, or apart, or of whom one was
-- removed.
-- name: find-follows
SELECT j.place - 1, f.sequence, 0, 0, coalesce(b.user_id, c.user_id) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    whom BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  LEFT JOIN follows AS f ON f.user_id = j.user_id AND f.whom = j.whom
  LEFT JOIN blocks AS b ON b.user_id = j.user_id AND b.whom = j.whom
  LEFT JOIN blocks AS c ON c.user_id = j.whom AND c.whom = j.user_id
  LEFT JOIN social_removed_users AS g ON g.id = j.user_id
  LEFT JOIN social_removed_users AS h ON h.id = j.whom
WHERE coalesce(f.sequence, b.user_id, c.user_id, g.id, h.id) IS NOT NULL

-- [[user, whom, …], …], none of them followed.
-- name: add-follows
INSERT INTO follows (user_id, whom)
SELECT j.user_id, j.whom
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    whom BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
ORDER BY j.place

-- [sequence, …]
-- name: remove-follows
DELETE t FROM follows AS t JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON t.sequence = j.id

-- [[user, whom, …], …] → those that are blocked.
-- name: find-blocks
SELECT j.place - 1, b.sequence, 0, 0, 0, coalesce(g.id, h.id) IS NOT NULL
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    whom BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  LEFT JOIN blocks AS b ON b.user_id = j.user_id AND b.whom = j.whom
  LEFT JOIN social_removed_users AS g ON g.id = j.user_id
  LEFT JOIN social_removed_users AS h ON h.id = j.whom
WHERE coalesce(b.sequence, g.id, h.id) IS NOT NULL

-- [[user, whom, …], …], none of them blocked.
-- name: add-blocks
INSERT INTO blocks (user_id, whom)
SELECT j.user_id, j.whom
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    whom BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
ORDER BY j.place

-- [sequence, …]
-- name: remove-blocks
DELETE t FROM blocks AS t JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON t.sequence = j.id

-- [[user, whom], …] → those of whom either blocks the other
-- name: are-apart
SELECT j.place - 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    whom BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  LEFT JOIN blocks AS b ON b.user_id = j.user_id AND b.whom = j.whom
  LEFT JOIN blocks AS c ON c.user_id = j.whom AND c.whom = j.user_id
WHERE coalesce(b.user_id, c.user_id) IS NOT NULL

-- [[user, video], …]
-- name: are-favorites
SELECT j.place - 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    video BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  JOIN favorites AS f ON f.user_id = j.user_id AND f.video = j.video

-- [[user, whom], …]
-- name: are-follows
SELECT j.place - 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    whom BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  JOIN follows AS f ON f.user_id = j.user_id AND f.whom = j.whom

-- [[owner, below, most], …], most the same in all → the ids of each page as one text, and behind a semicolon the
-- sequence of the last; nothing for an empty one. A row for each id would cost several times as much, nearly all
-- of it in the library.
-- name: list-favorites
SELECT j.place - 1, favorites_page(j.owner, j.below, j.most)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    owner BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    most BIGINT PATH '$[2]' ERROR ON ERROR)) AS j

-- name: list-follows
SELECT j.place - 1, follows_page(j.owner, j.below, j.most)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    owner BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    most BIGINT PATH '$[2]' ERROR ON ERROR)) AS j

-- name: list-followers
SELECT j.place - 1, followers_page(j.owner, j.below, j.most)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    owner BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    most BIGINT PATH '$[2]' ERROR ON ERROR)) AS j

-- name: list-friends
SELECT j.place - 1, friends_page(j.owner, j.below, j.most)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    owner BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    most BIGINT PATH '$[2]' ERROR ON ERROR)) AS j

-- name: list-blocks
SELECT j.place - 1, blocks_page(j.owner, j.below, j.most)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    owner BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    most BIGINT PATH '$[2]' ERROR ON ERROR)) AS j

-- Whom the user blocks and who blocks the user; twice who does both.
-- name: list-apart
SELECT j.place - 1, apart_page(j.owner, j.below, j.most)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    owner BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    most BIGINT PATH '$[2]' ERROR ON ERROR)) AS j

-- [[video, below, most], …], most the same in all → their pages, in no order
-- name: list-comments
SELECT j.place - 1, c.id, c.user_id, c.text, c.created, c.likes, c.dislikes
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    owner BIGINT PATH '$[0]' ERROR ON ERROR,
    below BIGINT PATH '$[1]' ERROR ON ERROR,
    most BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
  STRAIGHT_JOIN JSON_TABLE(comments_page(j.owner, j.below, j.most), '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS p
  STRAIGHT_JOIN comments AS c ON c.id = p.id

-- [video, …]
-- name: get-video-counts
SELECT j.place - 1, c.favorites, c.comments
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN video_counts AS c ON c.video = j.id

-- [user, …]
-- name: get-user-counts
SELECT j.place - 1, c.follows, c.followers, c.total_favorited, c.favorites
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN user_counts AS c ON c.user_id = j.id

-- [[id, user, video, request, author], …] → what is known of each: what the request made, what has
-- the id, whether the video was removed, whether its author is apart from the user.
-- name: find-drafts
SELECT j.place - 1, q.comment, q.created,
  coalesce(c.user_id, d.user_id), coalesce(c.video, d.video), coalesce(c.created, d.created),
  r.video IS NOT NULL, coalesce(a.user_id, b.user_id) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    user_id BIGINT PATH '$[1]' ERROR ON ERROR,
    video BIGINT PATH '$[2]' ERROR ON ERROR,
    request VARBINARY(1000) PATH '$[3]' ERROR ON ERROR,
    author BIGINT PATH '$[4]' ERROR ON ERROR)) AS j
  LEFT JOIN comment_requests AS q ON q.user_id = j.user_id AND q.request = j.request
  LEFT JOIN comments AS c ON c.id = j.id
  LEFT JOIN deleted_comments AS d ON d.id = j.id
  LEFT JOIN removed_videos AS r ON r.video = j.video
  LEFT JOIN blocks AS a ON a.user_id = j.user_id AND a.whom = j.author
  LEFT JOIN blocks AS b ON b.user_id = j.author AND b.whom = j.user_id
  LEFT JOIN social_removed_users AS g ON g.id = j.user_id
  LEFT JOIN social_removed_users AS h ON h.id = j.author
WHERE coalesce(q.comment, c.id, d.id, r.video, a.user_id, b.user_id, g.id, h.id) IS NOT NULL

-- [[id, user, video, text, time], …]
-- name: add-comments
INSERT INTO comments (id, user_id, video, text, created)
SELECT j.id, j.user_id, j.video, j.text, j.created
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    user_id BIGINT PATH '$[1]' ERROR ON ERROR,
    video BIGINT PATH '$[2]' ERROR ON ERROR,
    text TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    created BIGINT PATH '$[4]' ERROR ON ERROR)) AS j

-- [[id, user, request, time], …]
-- name: add-comment-requests
INSERT INTO comment_requests (comment, user_id, request, created)
SELECT j.id, j.user_id, j.request, j.created
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    user_id BIGINT PATH '$[1]' ERROR ON ERROR,
    request VARBINARY(1000) PATH '$[2]' ERROR ON ERROR,
    created BIGINT PATH '$[3]' ERROR ON ERROR)) AS j

-- [time]: forgets some of those before it.
-- name: forget-comment-requests
DELETE FROM comment_requests
WHERE created < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY created LIMIT 8192

-- [id, …] → writer, video, and who deleted it (0 if it is there)
-- name: find-comments
SELECT j.place - 1, coalesce(c.user_id, d.user_id), coalesce(c.video, d.video), d.deleter
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN comments AS c ON c.id = j.id
  LEFT JOIN deleted_comments AS d ON d.id = j.id
WHERE coalesce(c.id, d.id) IS NOT NULL

-- [[id, time, uid, login, why], …]
-- name: audit-comment-deletions
INSERT INTO social_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, 'comment delete', j.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    acted BIGINT PATH '$[1]' ERROR ON ERROR,
    uid BIGINT PATH '$[2]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR)) AS j

-- [[id, deleter, time], …]
-- name: remember-deleted-comments
INSERT INTO deleted_comments (id, video, user_id, created, deleter, deleted)
SELECT c.id, c.video, c.user_id, c.created, j.deleter, j.deleted
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    deleter BIGINT PATH '$[1]' ERROR ON ERROR,
    deleted BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
  JOIN comments AS c ON c.id = j.id

-- [id, …]
-- name: remove-comments
DELETE c FROM comments AS c JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON c.id = j.id

-- [time]: forgets some of those before it.
-- name: forget-deleted-comments
DELETE FROM deleted_comments
WHERE deleted < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY deleted LIMIT 8192

-- [[user, comment, …], …] → those whose comment is there, what the user feels about it, and whether
-- its writer is apart from the user
-- name: find-feelings
SELECT j.place - 1, f.feeling, coalesce(a.user_id, b.user_id) IS NOT NULL,
  coalesce(g.id, h.id) IS NOT NULL
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    comment BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  JOIN comments AS c ON c.id = j.comment
  LEFT JOIN feelings AS f ON f.comment = c.id AND f.user_id = j.user_id
  LEFT JOIN blocks AS a ON a.user_id = j.user_id AND a.whom = c.user_id
  LEFT JOIN blocks AS b ON b.user_id = c.user_id AND b.whom = j.user_id
  LEFT JOIN social_removed_users AS g ON g.id = j.user_id
  LEFT JOIN social_removed_users AS h ON h.id = c.user_id

-- [[user, comment, …], …] → those about which something is felt, and what
-- name: get-feelings
SELECT j.place - 1, f.feeling
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    comment BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  JOIN feelings AS f ON f.comment = j.comment AND f.user_id = j.user_id

-- [[user, comment, feeling], …]
-- name: set-feelings
INSERT INTO feelings (user_id, comment, feeling)
SELECT j.user_id, j.comment, j.feeling
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    comment BIGINT PATH '$[1]' ERROR ON ERROR,
    feeling BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE feeling = VALUES(feeling)

-- [[user, comment, …], …]
-- name: remove-feelings
DELETE f FROM feelings AS f
  JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    comment BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  ON f.comment = j.comment AND f.user_id = j.user_id

-- [video, …]
-- name: mark-removed-videos
INSERT INTO removed_videos (video, pending)
SELECT j.id, 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE video = removed_videos.video

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
DELETE c FROM video_counts AS c JOIN removed_videos AS r ON r.video = c.video
WHERE r.pending = 1

-- name: settle-removed-videos
UPDATE removed_videos SET pending = 0 WHERE pending = 1

-- [user, …]
-- name: mark-removed-users
INSERT INTO social_removed_users (id) SELECT j.id
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE id = social_removed_users.id

-- [user, …] → a piece of the likes that they gave.
-- name: find-favorites-of-removed
SELECT f.sequence, f.user_id, f.video, f.author
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN favorites AS f ON f.user_id = j.id LIMIT 1024

-- [user, …] → a piece of their follows.
-- name: find-follows-of-removed
SELECT f.sequence, f.user_id, f.whom, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN follows AS f ON f.user_id = j.id LIMIT 1024

-- [user, …] → a piece of the follows of them.
-- name: find-followers-of-removed
SELECT f.sequence, f.user_id, f.whom, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN follows AS f ON f.whom = j.id LIMIT 1024

-- [user, …] → a piece of their blocks.
-- name: find-blocks-of-removed
SELECT b.sequence, b.user_id, b.whom, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN blocks AS b ON b.user_id = j.id LIMIT 1024

-- [user, …] → a piece of the blocks of them.
-- name: find-blockers-of-removed
SELECT b.sequence, b.user_id, b.whom, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN blocks AS b ON b.whom = j.id LIMIT 1024

-- [user, …] → a piece of their comments.
-- name: find-comments-of-removed
SELECT c.id, c.user_id, c.video, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN comments AS c ON c.user_id = j.id LIMIT 1024

-- [user, …] → a piece of what they feel about comments.
-- name: find-feelings-of-removed
SELECT 0, f.user_id, f.comment, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN feelings AS f ON f.user_id = j.id LIMIT 1024

-- [user, …] → a piece of what clients called their comments.
-- name: find-requests-of-removed
SELECT q.comment, q.user_id, 0, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN comment_requests AS q ON q.user_id = j.id LIMIT 1024

-- [comment, …]
-- name: remove-comment-requests
DELETE t FROM comment_requests AS t JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON t.comment = j.id

-- [user, …] → a piece of what they reported.
-- name: find-reports-by-removed
SELECT r.id, r.reporter, 0, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN reports AS r ON r.reporter = j.id LIMIT 1024

-- [report, …]
-- name: remove-reports
DELETE t FROM reports AS t JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON t.id = j.id

-- [user, …] → a piece of the open reports of them.
-- name: find-reports-of-removed
SELECT r.id, r.target, 0, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN reports AS r ON r.kind = 3 AND r.target = j.id AND r.resolved = 0 LIMIT 1024

-- [comment, …] → the open reports of them.
-- name: find-reports-of-comments
SELECT r.id, r.target, 0, 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN reports AS r ON r.kind = 2 AND r.target = j.id AND r.resolved = 0

-- [user, …] Where a like of their videos still counts, that is on its way out, too.
-- name: remove-user-counts
DELETE c FROM user_counts AS c JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON c.user_id = j.id
WHERE c.follows = 0 AND c.followers = 0 AND c.total_favorited = 0 AND c.favorites = 0

-- The recount reads everything, once: what is and what was counted are added up side by side.
-- name: recount-videos
SELECT video, CONVERT(favorites, SIGNED), CONVERT(comments, SIGNED),
  (favorites <> counted_favorites) + (comments <> counted_comments)
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
SELECT j.video, j.favorites, j.comments
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    video BIGINT PATH '$[0]' ERROR ON ERROR,
    favorites BIGINT PATH '$[1]' ERROR ON ERROR,
    comments BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE favorites = VALUES(favorites), comments = VALUES(comments)

-- name: recount-users
SELECT user_id, CONVERT(follows, SIGNED), CONVERT(followers, SIGNED), CONVERT(total_favorited, SIGNED), CONVERT(favorites, SIGNED),
  (follows <> counted_follows) + (followers <> counted_followers) + (total_favorited <> counted_total_favorited) + (favorites <> counted_favorites)
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
SELECT j.user_id, j.follows, j.followers, j.total_favorited, j.favorites
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    user_id BIGINT PATH '$[0]' ERROR ON ERROR,
    follows BIGINT PATH '$[1]' ERROR ON ERROR,
    followers BIGINT PATH '$[2]' ERROR ON ERROR,
    total_favorited BIGINT PATH '$[3]' ERROR ON ERROR,
    favorites BIGINT PATH '$[4]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE follows = VALUES(follows), followers = VALUES(followers), total_favorited = VALUES(total_favorited), favorites = VALUES(favorites)

-- name: recount-comments
SELECT id, CONVERT(likes, SIGNED), CONVERT(dislikes, SIGNED),
  (likes <> counted_likes) + (dislikes <> counted_dislikes)
FROM (SELECT id, sum(likes) AS likes, sum(counted_likes) AS counted_likes, sum(dislikes) AS dislikes, sum(counted_dislikes) AS counted_dislikes
  FROM (
    SELECT comment AS id, sum(feeling = 1) AS likes, sum(feeling = 2) AS dislikes,
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
UPDATE comments AS c
  JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    likes BIGINT PATH '$[1]' ERROR ON ERROR,
    dislikes BIGINT PATH '$[2]' ERROR ON ERROR)) AS j ON c.id = j.id
SET c.likes = j.likes, c.dislikes = j.dislikes

-- name: recount-friends
SELECT f.sequence, b.sequence IS NOT NULL, 1
FROM follows AS f LEFT JOIN follows AS b ON b.user_id = f.whom AND b.whom = f.user_id
  LEFT JOIN friends AS m ON m.sequence = f.sequence
WHERE coalesce(m.mutual, 0) <> (b.sequence IS NOT NULL)

-- [[sequence, mutual], …]
-- name: set-friends
INSERT INTO friends (sequence, user_id, whom, mutual)
SELECT f.sequence, f.user_id, f.whom, j.mutual
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    sequence BIGINT PATH '$[0]' ERROR ON ERROR,
    mutual BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  JOIN follows AS f ON f.sequence = j.sequence
ON DUPLICATE KEY UPDATE mutual = VALUES(mutual)

-- name: recount-totals
SELECT f.n, c.n, g.n, f.n - t.favorites, c.n - t.comments, g.n - t.follows
FROM social_totals AS t CROSS JOIN (SELECT count(*) AS n FROM favorites) AS f
CROSS JOIN (SELECT count(*) AS n FROM comments) AS c
CROSS JOIN (SELECT count(*) AS n FROM follows) AS g

-- [[favorites, comments, follows]]
-- name: set-totals
UPDATE social_totals AS t
  JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    favorites BIGINT PATH '$[0]' ERROR ON ERROR,
    comments BIGINT PATH '$[1]' ERROR ON ERROR,
    follows BIGINT PATH '$[2]' ERROR ON ERROR)) AS j ON t.id = 1
SET t.favorites = j.favorites, t.comments = j.comments, t.follows = j.follows

-- [[reporter, kind, target, reason, time], …] What somebody has reported before stays as it was.
-- name: add-reports
INSERT INTO reports (reporter, kind, target, reason, created)
SELECT j.reporter, j.kind, j.target, j.reason, j.created
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    reporter BIGINT PATH '$[0]' ERROR ON ERROR,
    kind BIGINT PATH '$[1]' ERROR ON ERROR,
    target BIGINT PATH '$[2]' ERROR ON ERROR,
    reason TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    created BIGINT PATH '$[4]' ERROR ON ERROR)) AS j
WHERE NOT EXISTS (SELECT 1 FROM social_removed_users AS g
  WHERE g.id = j.reporter OR (j.kind = 3 AND g.id = j.target))
AND NOT (j.kind = 1 AND EXISTS (SELECT 1 FROM removed_videos AS r WHERE r.video = j.target))
ORDER BY j.place
ON DUPLICATE KEY UPDATE reporter = reports.reporter

-- [id] → the newest reports before that one, with the comment that is reported, if it is one.
-- name: list-reports
SELECT r.id, r.reporter, r.kind, r.target, r.reason, r.created, r.resolved,
  coalesce(c.user_id, 0), coalesce(c.video, 0), c.text
FROM reports AS r LEFT JOIN comments AS c ON r.kind = 2 AND c.id = r.target
WHERE r.id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY r.id DESC LIMIT 500

-- [id] → the newest open reports before that one, likewise.
-- name: list-open-reports
SELECT r.id, r.reporter, r.kind, r.target, r.reason, r.created, r.resolved,
  coalesce(c.user_id, 0), coalesce(c.video, 0), c.text
FROM reports AS r LEFT JOIN comments AS c ON r.kind = 2 AND c.id = r.target
WHERE r.resolved = 0 AND r.id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY r.id DESC LIMIT 500

-- [[id, …], …] → those that are there.
-- name: find-reports
SELECT j.place - 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR)) AS j
  JOIN reports AS r ON r.id = j.id

-- [[id, time, uid, login, why], …] Of what is resolved already there is an entry.
-- name: audit-reports
INSERT INTO social_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, 'report resolve', r.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    acted BIGINT PATH '$[1]' ERROR ON ERROR,
    uid BIGINT PATH '$[2]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR)) AS j
  JOIN reports AS r ON r.id = j.id
WHERE r.resolved = 0
ORDER BY j.place

-- [[id, time, …], …]
-- name: resolve-reports
UPDATE reports AS r JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    acted BIGINT PATH '$[1]' ERROR ON ERROR)) AS j ON r.id = j.id
SET r.resolved = j.acted
WHERE r.resolved = 0

-- [user, id] → the newest comments of the user before that one.
-- name: list-comments-of
SELECT id, video, text, created, likes, dislikes FROM comments
WHERE user_id = CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
  AND id < CONVERT(JSON_VALUE(##json::string, '$[1]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [user, comment] → what the user feels about comments, the newest of these before that one.
-- name: list-feelings-of
SELECT comment, feeling FROM feelings
WHERE user_id = CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
  AND comment < CONVERT(JSON_VALUE(##json::string, '$[1]'), SIGNED)
ORDER BY comment DESC LIMIT 500

-- [user, id] → the newest reports of the user before that one.
-- name: list-reports-of
SELECT id, kind, target, reason, created, resolved FROM reports
WHERE reporter = CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
  AND id < CONVERT(JSON_VALUE(##json::string, '$[1]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM social_audit
WHERE id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE a FROM social_audit AS a JOIN (
  SELECT id FROM (SELECT id, acted FROM social_audit ORDER BY id LIMIT 8192) AS oldest
  WHERE acted < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)) AS old ON a.id = old.id
