-- SPDX-License-Identifier: Apache-2.0
-- Users who are no more: nothing is added to them or by them, by no request that
-- was under way meanwhile.
CREATE TABLE social_removed_users (
  id INTEGER PRIMARY KEY
) STRICT
-- next
-- What is reported of somebody, or of a comment, is looked for only when that goes.
CREATE INDEX reports_of_target ON reports (kind, target)
