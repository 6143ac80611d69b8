-- SPDX-License-Identifier: Apache-2.0
-- Users who are no more: nothing is published for them, by no request that
-- was under way meanwhile.
CREATE TABLE IF NOT EXISTS video_removed_users (
  id BIGINT PRIMARY KEY
) ENGINE=InnoDB
