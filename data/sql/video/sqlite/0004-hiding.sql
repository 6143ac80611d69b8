-- SPDX-License-Identifier: Apache-2.0
-- Since when a video is hidden, in milliseconds since 1970; 0 for what is not. Hidden videos are not counted.
ALTER TABLE videos ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0
-- next
CREATE INDEX videos_hidden ON videos (id) WHERE hidden <> 0
-- next
DROP TRIGGER videos_deleted
-- next
CREATE TRIGGER videos_deleted AFTER DELETE ON videos WHEN old.hidden = 0
BEGIN
  UPDATE authors SET work_count = work_count - 1 WHERE id = old.author_id;
  UPDATE totals SET videos = videos - 1;
END
-- next
CREATE TRIGGER videos_hidden AFTER UPDATE OF hidden ON videos
BEGIN
  UPDATE authors SET work_count = work_count + (new.hidden = 0) - (old.hidden = 0)
  WHERE id = new.author_id;
  UPDATE totals SET videos = videos + (new.hidden = 0) - (old.hidden = 0);
END
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE video_audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Milliseconds since 1970.
  acted INTEGER NOT NULL,
  -- Whose process it was, and the name of who had logged in to the machine.
  uid INTEGER NOT NULL,
  login TEXT NOT NULL,
  action TEXT NOT NULL,
  target INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT
-- next
CREATE TRIGGER video_audit_updated BEFORE UPDATE ON video_audit
BEGIN
  SELECT raise(ABORT, 'the audit log is never changed');
END
-- next
CREATE TRIGGER video_audit_deleted BEFORE DELETE ON video_audit
WHEN old.acted > (CAST(strftime('%s', 'now') AS INTEGER) - 31536000) * 1000
BEGIN
  SELECT raise(ABORT, 'the audit log keeps everything for a year');
END
