-- SPDX-License-Identifier: Apache-2.0
-- Since when a video is hidden, in milliseconds since 1970; 0 for what is not. Hidden videos are not counted.
ALTER TABLE videos ADD COLUMN hidden BIGINT NOT NULL DEFAULT 0
-- next
CREATE INDEX videos_hidden ON videos (id) WHERE hidden <> 0
-- next
CREATE OR REPLACE FUNCTION videos_deleted () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE authors SET work_count = work_count - r.n
  FROM (SELECT author_id, count(*) AS n FROM touched WHERE hidden = 0 GROUP BY author_id) AS r
  WHERE authors.id = r.author_id;
  UPDATE video_totals SET videos = videos - (SELECT count(*) FROM touched WHERE hidden = 0);
  RETURN NULL;
END
$$
-- next
CREATE FUNCTION videos_hidden () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE authors SET work_count = work_count + r.n
  FROM (SELECT n.author_id, sum(CAST(n.hidden = 0 AS int) - CAST(o.hidden = 0 AS int)) AS n
        FROM newer AS n JOIN older AS o ON o.id = n.id GROUP BY n.author_id) AS r
  WHERE authors.id = r.author_id AND r.n <> 0;
  UPDATE video_totals SET videos = videos + coalesce(
    (SELECT sum(CAST(n.hidden = 0 AS int) - CAST(o.hidden = 0 AS int))
     FROM newer AS n JOIN older AS o ON o.id = n.id), 0);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER videos_hidden AFTER UPDATE ON videos
REFERENCING OLD TABLE AS older NEW TABLE AS newer
FOR EACH STATEMENT EXECUTE FUNCTION videos_hidden ()
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE video_audit (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Milliseconds since 1970.
  acted BIGINT NOT NULL,
  -- Whose process it was, and the name of who had logged in to the machine.
  uid BIGINT NOT NULL,
  login TEXT NOT NULL,
  action TEXT NOT NULL,
  target BIGINT NOT NULL,
  why TEXT NOT NULL
)
-- next
CREATE FUNCTION video_audit_kept () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
    IF OLD.acted <= (extract(epoch FROM now()) - 31536000) * 1000 THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is never changed, and keeps everything for a year';
END
$$
-- next
CREATE TRIGGER video_audit_kept BEFORE UPDATE OR DELETE ON video_audit
FOR EACH ROW EXECUTE FUNCTION video_audit_kept ()
-- next
CREATE TRIGGER video_audit_truncated BEFORE TRUNCATE ON video_audit
FOR EACH STATEMENT EXECUTE FUNCTION video_audit_kept ()
