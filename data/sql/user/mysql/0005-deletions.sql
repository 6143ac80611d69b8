-- SPDX-License-Identifier: Apache-2.0
-- Users who are deleted, until every domain has removed what was theirs: so that this goes on after whatever
-- interrupts it. The name is kept until then, too.
CREATE TABLE IF NOT EXISTS user_deletions (
  id BIGINT PRIMARY KEY,
  name_key VARBINARY(1000) NOT NULL UNIQUE,
  -- Milliseconds since 1970.
  deleted BIGINT NOT NULL
) ENGINE=InnoDB
