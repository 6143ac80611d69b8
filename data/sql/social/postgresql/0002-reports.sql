-- SPDX-License-Identifier: Apache-2.0
-- What users report to the administration, once each.
CREATE TABLE reports (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reporter BIGINT NOT NULL,
  -- 1 a video, 2 a comment, 3 a user
  kind BIGINT NOT NULL CHECK (kind IN (1, 2, 3)),
  target BIGINT NOT NULL,
  reason TEXT NOT NULL,
  -- Milliseconds since 1970; when it was resolved, 0 while it is open.
  created BIGINT NOT NULL,
  resolved BIGINT NOT NULL DEFAULT 0,
  UNIQUE (reporter, kind, target)
)
-- next
CREATE INDEX reports_open ON reports (id) WHERE resolved = 0
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE social_audit (
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
CREATE FUNCTION social_audit_kept () RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER social_audit_kept BEFORE UPDATE OR DELETE ON social_audit
FOR EACH ROW EXECUTE FUNCTION social_audit_kept ()
-- next
CREATE TRIGGER social_audit_truncated BEFORE TRUNCATE ON social_audit
FOR EACH STATEMENT EXECUTE FUNCTION social_audit_kept ()
