-- SPDX-License-Identifier: Apache-2.0
-- How many users there are, so that a start need not count them: one row.
CREATE TABLE totals (users INTEGER NOT NULL) STRICT
-- next
INSERT INTO totals (users) SELECT count(*) FROM users
-- next
CREATE TRIGGER users_inserted AFTER INSERT ON users
BEGIN
  UPDATE totals SET users = users + 1;
END
-- next
CREATE TRIGGER users_deleted AFTER DELETE ON users
BEGIN
  UPDATE totals SET users = users - 1;
END
