-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE counts (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT
-- next
INSERT INTO absent (id) VALUES (1)
