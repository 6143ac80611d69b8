-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE videos (
  id BIGINT PRIMARY KEY,
  author_id BIGINT NOT NULL,
  title TEXT NOT NULL,
  -- Paths below /media/.
  file TEXT NOT NULL,
  cover TEXT NOT NULL,
  -- Milliseconds since 1970. Unique, so that it is a place in the feed.
  publish_time BIGINT NOT NULL UNIQUE,
  -- 0: plays everywhere; 1: to be transcoded; 2: could not be.
  transcode BIGINT NOT NULL,
  -- How often transcoding was begun.
  attempts BIGINT NOT NULL DEFAULT 0
)
-- next
-- The works of an author, newest first.
CREATE INDEX videos_by_author ON videos (author_id, publish_time)
-- next
-- What to transcode next: what was tried least, the oldest first.
CREATE INDEX videos_to_transcode ON videos (attempts, id) WHERE transcode = 1
-- next
-- Authors who have a video, and how many.
CREATE TABLE authors (
  id BIGINT PRIMARY KEY,
  work_count BIGINT NOT NULL
)
-- next
-- One row. Whoever writes locks it first (lock-writes).
CREATE TABLE video_totals (videos BIGINT NOT NULL)
-- next
INSERT INTO video_totals (videos) VALUES (0)
-- next
CREATE FUNCTION videos_inserted () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO authors (id, work_count)
  SELECT author_id, count(*) FROM touched GROUP BY author_id
  ON CONFLICT (id) DO UPDATE SET work_count = authors.work_count + EXCLUDED.work_count;
  UPDATE video_totals SET videos = videos + (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER videos_inserted AFTER INSERT ON videos
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION videos_inserted ()
-- next
CREATE FUNCTION videos_deleted () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE authors SET work_count = work_count - r.n
  FROM (SELECT author_id, count(*) AS n FROM touched GROUP BY author_id) AS r
  WHERE authors.id = r.author_id;
  UPDATE video_totals SET videos = videos - (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER videos_deleted AFTER DELETE ON videos
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION videos_deleted ()
