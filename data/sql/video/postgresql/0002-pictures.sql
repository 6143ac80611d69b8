-- SPDX-License-Identifier: Apache-2.0
-- Avatars and backgrounds that users chose: the files that there are. Which of them a profile names
-- is known to the user domain alone.
CREATE TABLE pictures (
  id BIGINT PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  -- 0: avatar; 1: background.
  kind BIGINT NOT NULL,
  -- Whether a profile was seen that names it.
  settled BIGINT NOT NULL DEFAULT 0
)
-- next
CREATE INDEX pictures_by_owner ON pictures (owner_id)
-- next
CREATE INDEX pictures_unsettled ON pictures (id) WHERE settled = 0
