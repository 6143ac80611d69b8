-- SPDX-License-Identifier: Apache-2.0
-- What all nodes sign login tokens with: one row, whose id is 1.
CREATE TABLE IF NOT EXISTS token_keys (
  id BIGINT PRIMARY KEY,
  -- The text of the file token-keys.
  content MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
