-- SPDX-License-Identifier: Apache-2.0
-- Since when a video is hidden, in milliseconds since 1970; 0 for what is not. Hidden videos are not counted.
ALTER TABLE videos ADD COLUMN IF NOT EXISTS hidden BIGINT NOT NULL DEFAULT 0
-- next
CREATE INDEX IF NOT EXISTS videos_hidden ON videos (hidden)
-- next
DROP TRIGGER IF EXISTS videos_deleted
-- next
CREATE TRIGGER IF NOT EXISTS videos_deleted AFTER DELETE ON videos FOR EACH ROW
BEGIN
  UPDATE authors SET work_count = work_count - (OLD.hidden = 0) WHERE id = OLD.author_id;
  UPDATE video_totals SET videos = videos - (OLD.hidden = 0);
END
-- next
CREATE TRIGGER IF NOT EXISTS videos_hidden AFTER UPDATE ON videos FOR EACH ROW
BEGIN
  UPDATE authors SET work_count = work_count + (NEW.hidden = 0) - (OLD.hidden = 0)
  WHERE id = NEW.author_id;
  UPDATE video_totals SET videos = videos + (NEW.hidden = 0) - (OLD.hidden = 0);
END
-- next
DROP FUNCTION IF EXISTS feed_page
-- next
CREATE FUNCTION IF NOT EXISTS feed_page (before_time BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT GROUP_CONCAT(v.id, ' ', v.publish_time ORDER BY v.publish_time DESC SEPARATOR ' ')
  FROM (SELECT id, publish_time FROM videos WHERE publish_time < before_time AND hidden = 0
        ORDER BY publish_time DESC LIMIT most) AS v)
-- next
DROP FUNCTION IF EXISTS works_page
-- next
CREATE FUNCTION IF NOT EXISTS works_page (author BIGINT, before_time BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT GROUP_CONCAT(v.id, ' ', v.publish_time ORDER BY v.publish_time DESC SEPARATOR ' ')
  FROM (SELECT id, publish_time FROM videos
        WHERE author_id = author AND publish_time < before_time AND hidden = 0
        ORDER BY publish_time DESC LIMIT most) AS v)
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE IF NOT EXISTS video_audit (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  -- Milliseconds since 1970.
  acted BIGINT NOT NULL,
  -- Whose process it was, and the name of who had logged in to the machine.
  uid BIGINT NOT NULL,
  login VARCHAR(200) NOT NULL,
  action VARCHAR(100) NOT NULL,
  target BIGINT NOT NULL,
  why VARCHAR(1000) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
-- next
-- The refusal is a function of its own, since there may be but one END in a statement: the library cuts
-- at the next.
CREATE FUNCTION IF NOT EXISTS video_audit_refuse () RETURNS BIGINT DETERMINISTIC NO SQL
BEGIN
  SIGNAL SQLSTATE '45000'
    SET MESSAGE_TEXT = 'the audit log is never changed, and keeps everything for a year';
  RETURN 0;
END
-- next
CREATE TRIGGER IF NOT EXISTS video_audit_updated BEFORE UPDATE ON video_audit FOR EACH ROW
  SET @video_audit = video_audit_refuse ()
-- next
CREATE TRIGGER IF NOT EXISTS video_audit_deleted BEFORE DELETE ON video_audit FOR EACH ROW
  SET @video_audit = IF(OLD.acted > (unix_timestamp() - 31536000) * 1000, video_audit_refuse (), 0)
