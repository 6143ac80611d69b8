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

CREATE TABLE favorites (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  user INTEGER NOT NULL,
  video INTEGER NOT NULL,
  -- Of the video: whom its likes count for.
  author INTEGER NOT NULL
) STRICT
-- next
CREATE UNIQUE INDEX favorites_once ON favorites (user, video)
-- next
CREATE INDEX favorites_of_user ON favorites (user, sequence, video)
-- next
CREATE INDEX favorites_of_video ON favorites (video)
-- next

CREATE TABLE follows (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  user INTEGER NOT NULL,
  whom INTEGER NOT NULL,
  -- Whether the other follows back: friends are a list of their own, not a search through follows.
  mutual INTEGER NOT NULL DEFAULT 0
) STRICT
-- next
CREATE UNIQUE INDEX follows_once ON follows (user, whom)
-- next
CREATE INDEX follows_of_user ON follows (user, sequence, whom)
-- next
CREATE INDEX follows_of_whom ON follows (whom, sequence, user)
-- next
-- The last column only makes the index sufficient for a query that asks for it.
CREATE INDEX follows_of_friends ON follows (user, sequence, whom, mutual) WHERE mutual = 1
-- next

CREATE TABLE comments (
  id INTEGER PRIMARY KEY,
  video INTEGER NOT NULL,
  user INTEGER NOT NULL,
  text TEXT NOT NULL,
  -- Milliseconds since 1970-01-01 UTC.
  created INTEGER NOT NULL,
  likes INTEGER NOT NULL DEFAULT 0,
  dislikes INTEGER NOT NULL DEFAULT 0
) STRICT
-- next
-- Ordered by id within a video, as every index is by the key of its table.
CREATE INDEX comments_of_video ON comments (video)
-- next

CREATE TABLE feelings (
  comment INTEGER NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
  user INTEGER NOT NULL,
  -- 1 like, 2 dislike
  feeling INTEGER NOT NULL CHECK (feeling IN (1, 2)),
  PRIMARY KEY (comment, user)
) STRICT, WITHOUT ROWID
-- next

-- What clients called their comments, so that a comment which is sent again is told from a new one.
CREATE TABLE comment_requests (
  comment INTEGER PRIMARY KEY,
  user INTEGER NOT NULL,
  request TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT
-- next
CREATE UNIQUE INDEX comment_requests_once ON comment_requests (user, request)
-- next
CREATE INDEX comment_requests_by_age ON comment_requests (created)
-- next

-- Who deleted which comment, so that a deletion which is sent again is told from one of nothing.
CREATE TABLE deleted_comments (
  id INTEGER PRIMARY KEY,
  video INTEGER NOT NULL,
  user INTEGER NOT NULL,
  created INTEGER NOT NULL,
  deleter INTEGER NOT NULL,
  deleted INTEGER NOT NULL
) STRICT
-- next
CREATE INDEX deleted_comments_by_age ON deleted_comments (deleted)
-- next

-- Videos that are no more: nothing is added to them, by no request that was under way meanwhile.
CREATE TABLE removed_videos (
  video INTEGER PRIMARY KEY,
  -- Whether it may still have likes and comments: they go a piece at a time.
  pending INTEGER NOT NULL
) STRICT
-- next
CREATE INDEX removed_videos_pending ON removed_videos (pending, video) WHERE pending = 1
-- next

CREATE TABLE video_counts (
  video INTEGER PRIMARY KEY,
  favorites INTEGER NOT NULL DEFAULT 0,
  comments INTEGER NOT NULL DEFAULT 0
) STRICT
-- next
CREATE TABLE user_counts (
  user INTEGER PRIMARY KEY,
  follows INTEGER NOT NULL DEFAULT 0,
  followers INTEGER NOT NULL DEFAULT 0,
  -- Likes of the user's videos.
  total_favorited INTEGER NOT NULL DEFAULT 0,
  -- Likes that the user gave.
  favorites INTEGER NOT NULL DEFAULT 0
) STRICT
-- next
-- One row: rows of the three tables.
CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  favorites INTEGER NOT NULL,
  comments INTEGER NOT NULL,
  follows INTEGER NOT NULL
) STRICT
-- next
INSERT INTO totals (id, favorites, comments, follows) VALUES (1, 0, 0, 0)
-- next

CREATE TRIGGER favorites_added AFTER INSERT ON favorites
BEGIN
  INSERT INTO video_counts (video, favorites) VALUES (NEW.video, 1)
  ON CONFLICT (video) DO UPDATE SET favorites = favorites + 1;
  INSERT INTO user_counts (user, favorites) VALUES (NEW.user, 1)
  ON CONFLICT (user) DO UPDATE SET favorites = favorites + 1;
  INSERT INTO user_counts (user, total_favorited) VALUES (NEW.author, 1)
  ON CONFLICT (user) DO UPDATE SET total_favorited = total_favorited + 1;
  UPDATE totals SET favorites = favorites + 1 WHERE id = 1;
END
-- next
CREATE TRIGGER favorites_removed AFTER DELETE ON favorites
BEGIN
  UPDATE video_counts SET favorites = favorites - 1 WHERE video = OLD.video;
  UPDATE user_counts SET favorites = favorites - 1 WHERE user = OLD.user;
  UPDATE user_counts SET total_favorited = total_favorited - 1 WHERE user = OLD.author;
  UPDATE totals SET favorites = favorites - 1 WHERE id = 1;
END
-- next
CREATE TRIGGER follows_added AFTER INSERT ON follows
BEGIN
  INSERT INTO user_counts (user, follows) VALUES (NEW.user, 1)
  ON CONFLICT (user) DO UPDATE SET follows = follows + 1;
  INSERT INTO user_counts (user, followers) VALUES (NEW.whom, 1)
  ON CONFLICT (user) DO UPDATE SET followers = followers + 1;
  UPDATE follows SET mutual = 1
  WHERE sequence = NEW.sequence
    AND EXISTS (SELECT 1 FROM follows WHERE user = NEW.whom AND whom = NEW.user);
  UPDATE follows SET mutual = 1 WHERE user = NEW.whom AND whom = NEW.user;
  UPDATE totals SET follows = follows + 1 WHERE id = 1;
END
-- next
CREATE TRIGGER follows_removed AFTER DELETE ON follows
BEGIN
  UPDATE user_counts SET follows = follows - 1 WHERE user = OLD.user;
  UPDATE user_counts SET followers = followers - 1 WHERE user = OLD.whom;
  UPDATE follows SET mutual = 0 WHERE user = OLD.whom AND whom = OLD.user;
  UPDATE totals SET follows = follows - 1 WHERE id = 1;
END
-- next
CREATE TRIGGER comments_added AFTER INSERT ON comments
BEGIN
  INSERT INTO video_counts (video, comments) VALUES (NEW.video, 1)
  ON CONFLICT (video) DO UPDATE SET comments = comments + 1;
  UPDATE totals SET comments = comments + 1 WHERE id = 1;
END
-- next
CREATE TRIGGER comments_removed AFTER DELETE ON comments
BEGIN
  UPDATE video_counts SET comments = comments - 1 WHERE video = OLD.video;
  UPDATE totals SET comments = comments - 1 WHERE id = 1;
END
-- next
CREATE TRIGGER feelings_added AFTER INSERT ON feelings
BEGIN
  UPDATE comments
  SET likes = likes + (NEW.feeling = 1), dislikes = dislikes + (NEW.feeling = 2)
  WHERE id = NEW.comment;
END
-- next
CREATE TRIGGER feelings_changed AFTER UPDATE OF feeling ON feelings
BEGIN
  UPDATE comments
  SET likes = likes + (NEW.feeling = 1) - (OLD.feeling = 1),
    dislikes = dislikes + (NEW.feeling = 2) - (OLD.feeling = 2)
  WHERE id = NEW.comment;
END
-- next
CREATE TRIGGER feelings_removed AFTER DELETE ON feelings
BEGIN
  UPDATE comments
  SET likes = likes - (OLD.feeling = 1), dislikes = dislikes - (OLD.feeling = 2)
  WHERE id = OLD.comment;
END
