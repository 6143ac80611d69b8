-- SPDX-License-Identifier: Apache-2.0
-- Since when a user is banned, in milliseconds since 1970; 0 for who is not.
ALTER TABLE users ADD COLUMN IF NOT EXISTS banned BIGINT NOT NULL DEFAULT 0
-- next
CREATE INDEX IF NOT EXISTS users_banned ON users (banned)
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE IF NOT EXISTS user_audit (
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
CREATE FUNCTION IF NOT EXISTS user_audit_refuse () RETURNS BIGINT DETERMINISTIC NO SQL
BEGIN
  SIGNAL SQLSTATE '45000'
    SET MESSAGE_TEXT = 'the audit log is never changed, and keeps everything for a year';
  RETURN 0;
END
-- next
CREATE TRIGGER IF NOT EXISTS user_audit_updated BEFORE UPDATE ON user_audit FOR EACH ROW
  SET @user_audit = user_audit_refuse ()
-- next
CREATE TRIGGER IF NOT EXISTS user_audit_deleted BEFORE DELETE ON user_audit FOR EACH ROW
  SET @user_audit = IF(OLD.acted > (unix_timestamp() - 31536000) * 1000, user_audit_refuse (), 0)
