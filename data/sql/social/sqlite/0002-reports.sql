-- SPDX-License-Identifier: Apache-2.0
-- What users report to the administration, once each.
CREATE TABLE reports (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  reporter INTEGER NOT NULL,
  -- 1 a video, 2 a comment, 3 a user
  kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
  target INTEGER NOT NULL,
  reason TEXT NOT NULL,
  -- Milliseconds since 1970; when it was resolved, 0 while it is open.
  created INTEGER NOT NULL,
  resolved INTEGER NOT NULL DEFAULT 0,
  UNIQUE (reporter, kind, target)
) STRICT
-- next
CREATE INDEX reports_open ON reports (id) WHERE resolved = 0
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE social_audit (
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
CREATE TRIGGER social_audit_updated BEFORE UPDATE ON social_audit
BEGIN
  SELECT raise(ABORT, 'the audit log is never changed');
END
-- next
CREATE TRIGGER social_audit_deleted BEFORE DELETE ON social_audit
WHEN old.acted > (CAST(strftime('%s', 'now') AS INTEGER) - 31536000) * 1000
BEGIN
  SELECT raise(ABORT, 'the audit log keeps everything for a year');
END
