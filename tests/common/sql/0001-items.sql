-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE, -- a remark; with a semicolon
  note TEXT
) STRICT
-- next
CREATE TABLE links (
  item INTEGER NOT NULL REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED
) STRICT
