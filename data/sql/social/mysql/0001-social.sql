-- SPDX-License-Identifier: Apache-2.0
-- Likes, follows, comments, feelings about comments, and what is counted of them.
--
-- A list is ordered by the sequence of its rows, which only grows and is never used again, and
-- every list has an index that holds all it returns: any page is found by one descent and read in
-- one run.
--
-- Counters are kept by row triggers, so that whatever changes a row, in whatever statement, changes
-- the counters in the same transaction. Triggers here have no inner END (no CASE): the library cuts
-- them there.
--
-- Every step may be run again: a change of tables commits by itself here, so a crash may come between
-- two of them.

CREATE TABLE IF NOT EXISTS favorites (
  sequence BIGINT AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  video BIGINT NOT NULL,
  -- Of the video: whom its likes count for.
  author BIGINT NOT NULL,
  UNIQUE KEY favorites_once (user_id, video),
  KEY favorites_of_user (user_id, sequence, video),
  KEY favorites_of_video (video)
) ENGINE=InnoDB
-- next
CREATE TABLE IF NOT EXISTS follows (
  sequence BIGINT AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  whom BIGINT NOT NULL,
  UNIQUE KEY follows_once (user_id, whom),
  KEY follows_of_user (user_id, sequence, whom),
  KEY follows_of_whom (whom, sequence, user_id)
) ENGINE=InnoDB
-- next
-- Follows whose other follows back: friends are a list of their own, not a search through follows. It is
-- a table of its own since a trigger here cannot change rows of the table whose trigger it is.
CREATE TABLE IF NOT EXISTS friends (
  sequence BIGINT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  whom BIGINT NOT NULL,
  mutual BIGINT NOT NULL DEFAULT 1,
  UNIQUE KEY friends_once (user_id, whom),
  KEY friends_of_user (user_id, mutual, sequence, whom)
) ENGINE=InnoDB
-- next
CREATE TABLE IF NOT EXISTS comments (
  id BIGINT PRIMARY KEY,
  video BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  text TEXT NOT NULL,
  -- Milliseconds since 1970-01-01 UTC.
  created BIGINT NOT NULL,
  likes BIGINT NOT NULL DEFAULT 0,
  dislikes BIGINT NOT NULL DEFAULT 0,
  KEY comments_of_video (video, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
-- next
CREATE TABLE IF NOT EXISTS feelings (
  comment BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  -- 1 like, 2 dislike
  feeling BIGINT NOT NULL CHECK (feeling IN (1, 2)),
  PRIMARY KEY (comment, user_id),
  FOREIGN KEY (comment) REFERENCES comments (id) ON DELETE CASCADE
) ENGINE=InnoDB
-- next
-- What clients called their comments, so that a comment which is sent again is told from a new one.
-- Bytes, since every comparison of texts ignores blanks at the end.
CREATE TABLE IF NOT EXISTS comment_requests (
  comment BIGINT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  request VARBINARY(1000) NOT NULL,
  created BIGINT NOT NULL,
  UNIQUE KEY comment_requests_once (user_id, request),
  KEY comment_requests_by_age (created)
) ENGINE=InnoDB
-- next
-- Who deleted which comment, so that a deletion which is sent again is told from one of nothing.
CREATE TABLE IF NOT EXISTS deleted_comments (
  id BIGINT PRIMARY KEY,
  video BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  created BIGINT NOT NULL,
  deleter BIGINT NOT NULL,
  deleted BIGINT NOT NULL,
  KEY deleted_comments_by_age (deleted)
) ENGINE=InnoDB
-- next
-- Videos that are no more: nothing is added to them, by no request that was under way meanwhile.
CREATE TABLE IF NOT EXISTS removed_videos (
  video BIGINT PRIMARY KEY,
  -- Whether it may still have likes and comments: they go a piece at a time.
  pending BIGINT NOT NULL,
  KEY removed_videos_pending (pending, video)
) ENGINE=InnoDB
-- next
CREATE TABLE IF NOT EXISTS video_counts (
  video BIGINT PRIMARY KEY,
  favorites BIGINT NOT NULL DEFAULT 0,
  comments BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB
-- next
CREATE TABLE IF NOT EXISTS user_counts (
  user_id BIGINT PRIMARY KEY,
  follows BIGINT NOT NULL DEFAULT 0,
  followers BIGINT NOT NULL DEFAULT 0,
  -- Likes of the user's videos.
  total_favorited BIGINT NOT NULL DEFAULT 0,
  -- Likes that the user gave.
  favorites BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB
-- next
-- One row: rows of the three tables. Whoever writes locks it first (lock-writes).
CREATE TABLE IF NOT EXISTS social_totals (
  id BIGINT PRIMARY KEY,
  favorites BIGINT NOT NULL,
  comments BIGINT NOT NULL,
  follows BIGINT NOT NULL
) ENGINE=InnoDB
-- next
INSERT INTO social_totals (id, favorites, comments, follows) VALUES (1, 0, 0, 0)
ON DUPLICATE KEY UPDATE id = 1
-- next
CREATE TRIGGER IF NOT EXISTS favorites_added AFTER INSERT ON favorites FOR EACH ROW
BEGIN
  INSERT INTO video_counts (video, favorites) VALUES (NEW.video, 1)
  ON DUPLICATE KEY UPDATE favorites = favorites + 1;
  INSERT INTO user_counts (user_id, favorites) VALUES (NEW.user_id, 1)
  ON DUPLICATE KEY UPDATE favorites = favorites + 1;
  INSERT INTO user_counts (user_id, total_favorited) VALUES (NEW.author, 1)
  ON DUPLICATE KEY UPDATE total_favorited = total_favorited + 1;
  UPDATE social_totals SET favorites = favorites + 1 WHERE id = 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS favorites_removed AFTER DELETE ON favorites FOR EACH ROW
BEGIN
  UPDATE video_counts SET favorites = favorites - 1 WHERE video = OLD.video;
  UPDATE user_counts SET favorites = favorites - 1 WHERE user_id = OLD.user_id;
  UPDATE user_counts SET total_favorited = total_favorited - 1 WHERE user_id = OLD.author;
  UPDATE social_totals SET favorites = favorites - 1 WHERE id = 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS follows_added AFTER INSERT ON follows FOR EACH ROW
BEGIN
  INSERT INTO user_counts (user_id, follows) VALUES (NEW.user_id, 1)
  ON DUPLICATE KEY UPDATE follows = follows + 1;
  INSERT INTO user_counts (user_id, followers) VALUES (NEW.whom, 1)
  ON DUPLICATE KEY UPDATE followers = followers + 1;
  INSERT INTO friends (sequence, user_id, whom)
  SELECT b.sequence, b.user_id, b.whom FROM follows AS b
  WHERE b.user_id = NEW.whom AND b.whom = NEW.user_id;
  INSERT INTO friends (sequence, user_id, whom)
  SELECT NEW.sequence, NEW.user_id, NEW.whom FROM follows AS b
  WHERE b.user_id = NEW.whom AND b.whom = NEW.user_id;
  UPDATE social_totals SET follows = follows + 1 WHERE id = 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS follows_removed AFTER DELETE ON follows FOR EACH ROW
BEGIN
  UPDATE user_counts SET follows = follows - 1 WHERE user_id = OLD.user_id;
  UPDATE user_counts SET followers = followers - 1 WHERE user_id = OLD.whom;
  DELETE FROM friends WHERE sequence = OLD.sequence;
  DELETE FROM friends WHERE user_id = OLD.whom AND whom = OLD.user_id;
  UPDATE social_totals SET follows = follows - 1 WHERE id = 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS comments_added AFTER INSERT ON comments FOR EACH ROW
BEGIN
  INSERT INTO video_counts (video, comments) VALUES (NEW.video, 1)
  ON DUPLICATE KEY UPDATE comments = comments + 1;
  UPDATE social_totals SET comments = comments + 1 WHERE id = 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS comments_removed AFTER DELETE ON comments FOR EACH ROW
BEGIN
  UPDATE video_counts SET comments = comments - 1 WHERE video = OLD.video;
  UPDATE social_totals SET comments = comments - 1 WHERE id = 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS feelings_added AFTER INSERT ON feelings FOR EACH ROW
BEGIN
  UPDATE comments
  SET likes = likes + (NEW.feeling = 1), dislikes = dislikes + (NEW.feeling = 2)
  WHERE id = NEW.comment;
END
-- next
CREATE TRIGGER IF NOT EXISTS feelings_changed AFTER UPDATE ON feelings FOR EACH ROW
BEGIN
  UPDATE comments
  SET likes = likes + (NEW.feeling = 1) - (OLD.feeling = 1),
    dislikes = dislikes + (NEW.feeling = 2) - (OLD.feeling = 2)
  WHERE id = NEW.comment;
END
-- next
CREATE TRIGGER IF NOT EXISTS feelings_removed AFTER DELETE ON feelings FOR EACH ROW
BEGIN
  UPDATE comments
  SET likes = likes - (OLD.feeling = 1), dislikes = dislikes - (OLD.feeling = 2)
  WHERE id = OLD.comment;
END
-- next
-- Pages are made by functions: LIMIT takes a variable only there. The ids of a page, and the sequence of
-- the last.
CREATE FUNCTION IF NOT EXISTS favorites_page (owner BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT(GROUP_CONCAT(p.id ORDER BY p.sequence DESC), ';', MIN(p.sequence))
  FROM (SELECT sequence, video AS id FROM favorites
        WHERE user_id = owner AND sequence < below
        ORDER BY sequence DESC LIMIT most) AS p)
-- next
CREATE FUNCTION IF NOT EXISTS follows_page (owner BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT(GROUP_CONCAT(p.id ORDER BY p.sequence DESC), ';', MIN(p.sequence))
  FROM (SELECT sequence, whom AS id FROM follows
        WHERE user_id = owner AND sequence < below
        ORDER BY sequence DESC LIMIT most) AS p)
-- next
CREATE FUNCTION IF NOT EXISTS followers_page (owner BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT(GROUP_CONCAT(p.id ORDER BY p.sequence DESC), ';', MIN(p.sequence))
  FROM (SELECT sequence, user_id AS id FROM follows
        WHERE whom = owner AND sequence < below
        ORDER BY sequence DESC LIMIT most) AS p)
-- next
CREATE FUNCTION IF NOT EXISTS friends_page (owner BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT(GROUP_CONCAT(p.id ORDER BY p.sequence DESC), ';', MIN(p.sequence))
  FROM (SELECT sequence, whom AS id FROM friends
        WHERE user_id = owner AND sequence < below AND mutual = 1
        ORDER BY sequence DESC LIMIT most) AS p)
-- next
-- The ids of a page as a JSON array.
CREATE FUNCTION IF NOT EXISTS comments_page (owner BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT('[', GROUP_CONCAT(p.id ORDER BY p.id DESC), ']')
  FROM (SELECT id FROM comments WHERE video = owner AND id < below
        ORDER BY id DESC LIMIT most) AS p)
