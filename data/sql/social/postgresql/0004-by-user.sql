-- SPDX-License-Identifier: Apache-2.0
-- What somebody has written, felt and reported, for those who want it back: by user, which nobody asked
-- for before, in the order of ids, so that a page of it is one run.
CREATE INDEX comments_of_user ON comments (user_id, id)
-- next
CREATE INDEX feelings_of_user ON feelings (user_id, comment)
-- next
CREATE INDEX reports_of_reporter ON reports (reporter, id)
