-- SPDX-License-Identifier: Apache-2.0
-- Likes, follows, comments, feelings about comments, and what is counted of them.
--
-- A list is ordered by the sequence of its rows, which only grows and is never used again, and
-- every list has an index that holds all it returns: any page is found by one descent and read in
-- one run.
--
-- Counters are kept by triggers that run once a statement and see all rows that it touched, in the same
-- transaction.

CREATE TABLE favorites (
  sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id BIGINT NOT NULL,
  video BIGINT NOT NULL,
  -- Of the video: whom its likes count for.
  author BIGINT NOT NULL
)
-- next
CREATE UNIQUE INDEX favorites_once ON favorites (user_id, video)
-- next
CREATE INDEX favorites_of_user ON favorites (user_id, sequence, video)
-- next
CREATE INDEX favorites_of_video ON favorites (video)
-- next

CREATE TABLE follows (
  sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id BIGINT NOT NULL,
  whom BIGINT NOT NULL,
  -- Whether the other follows back: friends are a list of their own, not a search through follows.
  mutual BIGINT NOT NULL DEFAULT 0
)
-- next
CREATE UNIQUE INDEX follows_once ON follows (user_id, whom)
-- next
CREATE INDEX follows_of_user ON follows (user_id, sequence, whom)
-- next
CREATE INDEX follows_of_whom ON follows (whom, sequence, user_id)
-- next
CREATE INDEX follows_of_friends ON follows (user_id, sequence, whom) WHERE mutual = 1
-- next

CREATE TABLE comments (
  id BIGINT PRIMARY KEY,
  video BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  text TEXT NOT NULL,
  -- Milliseconds since 1970-01-01 UTC.
  created BIGINT NOT NULL,
  likes BIGINT NOT NULL DEFAULT 0,
  dislikes BIGINT NOT NULL DEFAULT 0
)
-- next
CREATE INDEX comments_of_video ON comments (video, id)
-- next

CREATE TABLE feelings (
  comment BIGINT NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL,
  -- 1 like, 2 dislike
  feeling BIGINT NOT NULL CHECK (feeling IN (1, 2)),
  PRIMARY KEY (comment, user_id)
)
-- next

-- What clients called their comments, so that a comment which is sent again is told from a new one.
CREATE TABLE comment_requests (
  comment BIGINT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  request TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL
)
-- next
CREATE UNIQUE INDEX comment_requests_once ON comment_requests (user_id, request)
-- next
CREATE INDEX comment_requests_by_age ON comment_requests (created)
-- next

-- Who deleted which comment, so that a deletion which is sent again is told from one of nothing.
CREATE TABLE deleted_comments (
  id BIGINT PRIMARY KEY,
  video BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  created BIGINT NOT NULL,
  deleter BIGINT NOT NULL,
  deleted BIGINT NOT NULL
)
-- next
CREATE INDEX deleted_comments_by_age ON deleted_comments (deleted)
-- next

-- Videos that are no more: nothing is added to them, by no request that was under way meanwhile.
CREATE TABLE removed_videos (
  video BIGINT PRIMARY KEY,
  -- Whether it may still have likes and comments: they go a piece at a time.
  pending BIGINT NOT NULL
)
-- next
CREATE INDEX removed_videos_pending ON removed_videos (video) WHERE pending = 1
-- next

CREATE TABLE video_counts (
  video BIGINT PRIMARY KEY,
  favorites BIGINT NOT NULL DEFAULT 0,
  comments BIGINT NOT NULL DEFAULT 0
)
-- next
CREATE TABLE user_counts (
  user_id BIGINT PRIMARY KEY,
  follows BIGINT NOT NULL DEFAULT 0,
  followers BIGINT NOT NULL DEFAULT 0,
  -- Likes of the user's videos.
  total_favorited BIGINT NOT NULL DEFAULT 0,
  -- Likes that the user gave.
  favorites BIGINT NOT NULL DEFAULT 0
)
-- next
-- One row: rows of the three tables. Whoever writes locks it first (lock-writes).
CREATE TABLE social_totals (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  favorites BIGINT NOT NULL,
  comments BIGINT NOT NULL,
  follows BIGINT NOT NULL
)
-- next
INSERT INTO social_totals (id, favorites, comments, follows) VALUES (1, 0, 0, 0)
-- next
CREATE FUNCTION favorites_added () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO video_counts (video, favorites) SELECT video, count(*) FROM touched GROUP BY video
  ON CONFLICT (video) DO UPDATE SET favorites = video_counts.favorites + EXCLUDED.favorites;
  INSERT INTO user_counts (user_id, favorites) SELECT user_id, count(*) FROM touched GROUP BY user_id
  ON CONFLICT (user_id) DO UPDATE SET favorites = user_counts.favorites + EXCLUDED.favorites;
  INSERT INTO user_counts (user_id, total_favorited) SELECT author, count(*) FROM touched GROUP BY author
  ON CONFLICT (user_id) DO UPDATE SET total_favorited = user_counts.total_favorited + EXCLUDED.total_favorited;
  UPDATE social_totals SET favorites = favorites + (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER favorites_added AFTER INSERT ON favorites
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION favorites_added ()
-- next
CREATE FUNCTION favorites_removed () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE video_counts SET favorites = video_counts.favorites - t.n
  FROM (SELECT video AS id, count(*) AS n FROM touched GROUP BY video) AS t
  WHERE video_counts.video = t.id;
  UPDATE user_counts SET favorites = user_counts.favorites - t.n
  FROM (SELECT user_id AS id, count(*) AS n FROM touched GROUP BY user_id) AS t
  WHERE user_counts.user_id = t.id;
  UPDATE user_counts SET total_favorited = user_counts.total_favorited - t.n
  FROM (SELECT author AS id, count(*) AS n FROM touched GROUP BY author) AS t
  WHERE user_counts.user_id = t.id;
  UPDATE social_totals SET favorites = favorites - (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER favorites_removed AFTER DELETE ON favorites
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION favorites_removed ()
-- next
CREATE FUNCTION follows_added () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO user_counts (user_id, follows) SELECT user_id, count(*) FROM touched GROUP BY user_id
  ON CONFLICT (user_id) DO UPDATE SET follows = user_counts.follows + EXCLUDED.follows;
  INSERT INTO user_counts (user_id, followers) SELECT whom, count(*) FROM touched GROUP BY whom
  ON CONFLICT (user_id) DO UPDATE SET followers = user_counts.followers + EXCLUDED.followers;
  UPDATE follows AS f SET mutual = 1 FROM touched AS t JOIN follows AS b
  ON b.user_id = t.whom AND b.whom = t.user_id WHERE f.sequence = t.sequence;
  UPDATE follows AS f SET mutual = 1 FROM touched AS t
  WHERE f.user_id = t.whom AND f.whom = t.user_id;
  UPDATE social_totals SET follows = follows + (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER follows_added AFTER INSERT ON follows
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION follows_added ()
-- next
CREATE FUNCTION follows_removed () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_counts SET follows = user_counts.follows - t.n
  FROM (SELECT user_id AS id, count(*) AS n FROM touched GROUP BY user_id) AS t
  WHERE user_counts.user_id = t.id;
  UPDATE user_counts SET followers = user_counts.followers - t.n
  FROM (SELECT whom AS id, count(*) AS n FROM touched GROUP BY whom) AS t
  WHERE user_counts.user_id = t.id;
  UPDATE follows AS f SET mutual = 0 FROM touched AS t
  WHERE f.user_id = t.whom AND f.whom = t.user_id;
  UPDATE social_totals SET follows = follows - (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER follows_removed AFTER DELETE ON follows
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION follows_removed ()
-- next
CREATE FUNCTION comments_added () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO video_counts (video, comments) SELECT video, count(*) FROM touched GROUP BY video
  ON CONFLICT (video) DO UPDATE SET comments = video_counts.comments + EXCLUDED.comments;
  UPDATE social_totals SET comments = comments + (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER comments_added AFTER INSERT ON comments
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION comments_added ()
-- next
CREATE FUNCTION comments_removed () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE video_counts SET comments = video_counts.comments - t.n
  FROM (SELECT video AS id, count(*) AS n FROM touched GROUP BY video) AS t
  WHERE video_counts.video = t.id;
  UPDATE social_totals SET comments = comments - (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER comments_removed AFTER DELETE ON comments
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION comments_removed ()
-- next
CREATE FUNCTION feelings_added () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE comments SET likes = comments.likes + t.likes, dislikes = comments.dislikes + t.dislikes
  FROM (SELECT comment, sum(likes) AS likes, sum(dislikes) AS dislikes FROM (
    SELECT comment, CAST(feeling = 1 AS int) AS likes, CAST(feeling = 2 AS int) AS dislikes
    FROM touched) AS f
    GROUP BY comment) AS t
  WHERE comments.id = t.comment;
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER feelings_added AFTER INSERT ON feelings
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION feelings_added ()
-- next
CREATE FUNCTION feelings_changed () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE comments SET likes = comments.likes + t.likes, dislikes = comments.dislikes + t.dislikes
  FROM (SELECT comment, sum(likes) AS likes, sum(dislikes) AS dislikes FROM (
    SELECT comment, CAST(feeling = 1 AS int) AS likes, CAST(feeling = 2 AS int) AS dislikes
    FROM touched
    UNION ALL
    SELECT comment, -CAST(feeling = 1 AS int) AS likes, -CAST(feeling = 2 AS int) AS dislikes
    FROM before) AS f
    GROUP BY comment) AS t
  WHERE comments.id = t.comment;
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER feelings_changed AFTER UPDATE ON feelings
REFERENCING OLD TABLE AS before NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION feelings_changed ()
-- next
CREATE FUNCTION feelings_removed () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE comments SET likes = comments.likes + t.likes, dislikes = comments.dislikes + t.dislikes
  FROM (SELECT comment, sum(likes) AS likes, sum(dislikes) AS dislikes FROM (
    SELECT comment, -CAST(feeling = 1 AS int) AS likes, -CAST(feeling = 2 AS int) AS dislikes
    FROM touched) AS f
    GROUP BY comment) AS t
  WHERE comments.id = t.comment;
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER feelings_removed AFTER DELETE ON feelings
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION feelings_removed ()
