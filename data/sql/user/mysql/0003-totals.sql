-- SPDX-License-Identifier: Apache-2.0
-- How many users there are, so that a start need not count them: one row.
CREATE TABLE IF NOT EXISTS user_totals (
  id BIGINT PRIMARY KEY,
  users BIGINT NOT NULL
) ENGINE=InnoDB
-- next
INSERT INTO user_totals (id, users) SELECT 1, count(*) FROM users
ON DUPLICATE KEY UPDATE id = 1
-- next
CREATE TRIGGER IF NOT EXISTS users_inserted AFTER INSERT ON users FOR EACH ROW
BEGIN
  UPDATE user_totals SET users = user_totals.users + 1;
END
-- next
CREATE TRIGGER IF NOT EXISTS users_deleted AFTER DELETE ON users FOR EACH ROW
BEGIN
  UPDATE user_totals SET users = user_totals.users - 1;
END
