-- SPDX-License-Identifier: Apache-2.0
-- Users who are deleted, until every domain has removed what was theirs: so that this goes on after whatever
-- interrupts it. The name is kept until then, too.
CREATE TABLE user_deletions (
  id INTEGER PRIMARY KEY,
  name_key TEXT NOT NULL UNIQUE,
  -- Milliseconds since 1970.
  deleted INTEGER NOT NULL
) STRICT
