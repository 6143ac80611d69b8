-- SPDX-License-Identifier: Apache-2.0
-- What users report to the administration, once each.
CREATE TABLE IF NOT EXISTS reports (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  reporter BIGINT NOT NULL,
  -- 1 a video, 2 a comment, 3 a user
  kind BIGINT NOT NULL CHECK (kind IN (1, 2, 3)),
  target BIGINT NOT NULL,
  reason TEXT NOT NULL,
  -- Milliseconds since 1970; when it was resolved, 0 while it is open.
  created BIGINT NOT NULL,
  resolved BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY reports_once (reporter, kind, target),
  KEY reports_open (resolved, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE IF NOT EXISTS social_audit (
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
CREATE FUNCTION IF NOT EXISTS social_audit_refuse () RETURNS BIGINT DETERMINISTIC NO SQL
BEGIN
  SIGNAL SQLSTATE '45000'
    SET MESSAGE_TEXT = 'the audit log is never changed, and keeps everything for a year';
  RETURN 0;
END
-- next
CREATE TRIGGER IF NOT EXISTS social_audit_updated BEFORE UPDATE ON social_audit FOR EACH ROW
  SET @social_audit = social_audit_refuse ()
-- next
CREATE TRIGGER IF NOT EXISTS social_audit_deleted BEFORE DELETE ON social_audit FOR EACH ROW
  SET @social_audit = IF(OLD.acted > (unix_timestamp() - 31536000) * 1000, social_audit_refuse (), 0)
