-- SPDX-License-Identifier: Apache-2.0
-- Every step may be run again: a change of tables commits by itself here, so a crash may come between
-- two of them.

CREATE TABLE IF NOT EXISTS videos (
  id BIGINT PRIMARY KEY,
  author_id BIGINT NOT NULL,
  title VARCHAR(1000) NOT NULL,
  -- Paths below /media/.
  file VARCHAR(1000) NOT NULL,
  cover VARCHAR(1000) NOT NULL,
  -- Milliseconds since 1970. Unique, so that it is a place in the feed.
  publish_time BIGINT NOT NULL UNIQUE,
  -- 0: plays everywhere; 1: to be transcoded; 2: could not be.
  transcode BIGINT NOT NULL,
  -- How often transcoding was begun.
  attempts BIGINT NOT NULL DEFAULT 0,
  -- The works of an author, newest first.
  KEY videos_by_author (author_id, publish_time),
  -- What to transcode next: what was tried least, the oldest first.
  KEY videos_to_transcode (transcode, attempts, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
-- next
-- Authors who have a video, and how many.
CREATE TABLE IF NOT EXISTS authors (
  id BIGINT PRIMARY KEY,
  work_count BIGINT NOT NULL
) ENGINE=InnoDB
-- next
-- One row. Whoever writes locks it first (lock-writes).
CREATE TABLE IF NOT EXISTS video_totals (
  id BIGINT PRIMARY KEY,
  videos BIGINT NOT NULL
) ENGINE=InnoDB
-- next
INSERT INTO video_totals (id, videos) VALUES (1, 0) ON DUPLICATE KEY UPDATE id = 1
-- next
CREATE TRIGGER IF NOT EXISTS videos_inserted AFTER INSERT ON videos FOR EACH ROW
BEGIN
  INSERT INTO authors (id, work_count) VALUES (NEW.author_id, 1)
  ON DUPLICATE KEY UPDATE work_count = work_count + 1;
  UPDATE video_totals SET videos = videos + 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS videos_deleted AFTER DELETE ON videos FOR EACH ROW
BEGIN
  UPDATE authors SET work_count = work_count - 1 WHERE id = OLD.author_id;
  UPDATE video_totals SET videos = videos - 1;
END
-- next
-- Pages are made by functions: LIMIT takes a variable only there.
CREATE FUNCTION IF NOT EXISTS feed_page (before_time BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT GROUP_CONCAT(v.id, ' ', v.publish_time ORDER BY v.publish_time DESC SEPARATOR ' ')
  FROM (SELECT id, publish_time FROM videos WHERE publish_time < before_time
        ORDER BY publish_time DESC LIMIT most) AS v)
-- next
CREATE FUNCTION IF NOT EXISTS works_page (author BIGINT, before_time BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT GROUP_CONCAT(v.id, ' ', v.publish_time ORDER BY v.publish_time DESC SEPARATOR ' ')
  FROM (SELECT id, publish_time FROM videos WHERE author_id = author AND publish_time < before_time
        ORDER BY publish_time DESC LIMIT most) AS v)
