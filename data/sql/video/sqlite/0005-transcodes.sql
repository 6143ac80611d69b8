-- SPDX-License-Identifier: Apache-2.0
-- Several nodes may want to transcode a video. Who begins to writes a number of his own here, and has it
-- for himself until a time that he puts off while he is at it; after a failure nobody is to try before then.
-- Milliseconds since 1970, by the clock of the database.
ALTER TABLE videos ADD COLUMN claim INTEGER NOT NULL DEFAULT 0
-- next
ALTER TABLE videos ADD COLUMN claimed_until INTEGER NOT NULL DEFAULT 0
-- next
-- Why the last attempt failed.
ALTER TABLE videos ADD COLUMN trouble TEXT NOT NULL DEFAULT ''
