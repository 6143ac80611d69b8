-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE videos (
  id INTEGER PRIMARY KEY,
  author_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  -- Paths below /media/.
  file TEXT NOT NULL,
  cover TEXT NOT NULL,
  -- Milliseconds since 1970. Unique, so that it is a place in the feed.
  publish_time INTEGER NOT NULL UNIQUE,
  -- 0: plays everywhere; 1: to be transcoded; 2: could not be.
  transcode INTEGER NOT NULL,
  -- How often transcoding was begun.
  attempts INTEGER NOT NULL DEFAULT 0
) STRICT
-- next
-- The works of an author, newest first.
CREATE INDEX videos_by_author ON videos (author_id, publish_time)
-- next
-- What to transcode next: what was tried least, the oldest first.
CREATE INDEX videos_to_transcode ON videos (attempts, id) WHERE transcode = 1
-- next
-- Authors who have a video, and how many.
CREATE TABLE authors (
  id INTEGER PRIMARY KEY,
  work_count INTEGER NOT NULL
) STRICT
-- next
-- One row.
CREATE TABLE totals (videos INTEGER NOT NULL) STRICT
-- next
INSERT INTO totals (videos) VALUES (0)
-- next
CREATE TRIGGER videos_inserted AFTER INSERT ON videos
BEGIN
  INSERT INTO authors (id, work_count) VALUES (NEW.author_id, 1)
  ON CONFLICT (id) DO UPDATE SET work_count = work_count + 1;
  UPDATE totals SET videos = videos + 1;
END
-- next
CREATE TRIGGER videos_deleted AFTER DELETE ON videos
BEGIN
  UPDATE authors SET work_count = work_count - 1 WHERE id = OLD.author_id;
  UPDATE totals SET videos = videos - 1;
END
