-- SPDX-License-Identifier: Apache-2.0
-- How many users there are, so that a start need not count them: one row.
CREATE TABLE user_totals (users BIGINT NOT NULL)
-- next
INSERT INTO user_totals (users) SELECT count(*) FROM users
-- next
CREATE FUNCTION users_inserted () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_totals SET users = users + (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER users_inserted AFTER INSERT ON users
REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION users_inserted ()
-- next
CREATE FUNCTION users_deleted () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_totals SET users = users - (SELECT count(*) FROM touched);
  RETURN NULL;
END
$$
-- next
CREATE TRIGGER users_deleted AFTER DELETE ON users
REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION users_deleted ()
