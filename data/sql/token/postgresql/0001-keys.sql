-- SPDX-License-Identifier: Apache-2.0
-- What all nodes sign login tokens with: one row, whose id is 1.
CREATE TABLE token_keys (
  id BIGINT PRIMARY KEY,
  -- The text of the file token-keys.
  content TEXT NOT NULL
)
