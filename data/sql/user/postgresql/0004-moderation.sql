-- SPDX-License-Identifier: Apache-2.0
-- Since when a user is banned, in milliseconds since 1970; 0 for who is not.
ALTER TABLE users ADD COLUMN banned BIGINT NOT NULL DEFAULT 0
-- next
CREATE INDEX users_banned ON users (id) WHERE banned <> 0
-- next
-- What the administration did. Only added to; what is older than a year may be forgotten.
CREATE TABLE user_audit (
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
CREATE FUNCTION user_audit_kept () RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER user_audit_kept BEFORE UPDATE OR DELETE ON user_audit
FOR EACH ROW EXECUTE FUNCTION user_audit_kept ()
-- next
CREATE TRIGGER user_audit_truncated BEFORE TRUNCATE ON user_audit
FOR EACH STATEMENT EXECUTE FUNCTION user_audit_kept ()
