-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE counts (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT
-- next
INSERT INTO counts (id, n) SELECT 1, count(*) FROM items
-- next
CREATE TRIGGER items_count AFTER INSERT ON items
BEGIN
  UPDATE counts SET n = n + 1;
END
