-- SPDX-License-Identifier: Apache-2.0
-- Since when a user is banned, in milliseconds since 1970; 0 for who is not.
ALTER TABLE users ADD COLUMN banned INTEGER NOT NULL DEFAULT 0
-- next
CREATE INDEX users_banned ON users (id) WHERE banned <> 0
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE user_audit (
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
CREATE TRIGGER user_audit_updated BEFORE UPDATE ON user_audit
BEGIN
  SELECT raise(ABORT, 'the audit log is never changed');
END
-- next
CREATE TRIGGER user_audit_deleted BEFORE DELETE ON user_audit
WHEN old.acted > (CAST(strftime('%s', 'now') AS INTEGER) - 31536000) * 1000
BEGIN
  SELECT raise(ABORT, 'the audit log keeps everything for a year');
END
