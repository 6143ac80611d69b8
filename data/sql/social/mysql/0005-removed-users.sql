-- SPDX-License-Identifier: Apache-2.0
-- Users who are no more: nothing is added to them or by them, by no request that
-- was under way meanwhile.
CREATE TABLE IF NOT EXISTS social_removed_users (
  id BIGINT PRIMARY KEY
) ENGINE=InnoDB
-- next
-- What is reported of somebody, or of a comment, is looked for only when that goes.
CREATE INDEX IF NOT EXISTS reports_of_target ON reports (kind, target)
