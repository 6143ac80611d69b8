-- SPDX-License-Identifier: Apache-2.0
-- What every new connection is told, before anything else.

-- How long a statement waits for another process (a backup, somebody's sqlite3 shell) to finish.
PRAGMA busy_timeout = 1000
-- next
-- Readers never wait for the writer, nor the writer for them.
PRAGMA journal_mode = WAL
-- next
-- A commit has reached the disk before it is answered, also if the power fails right afterwards.
PRAGMA synchronous = FULL
-- next
PRAGMA foreign_keys = ON
-- next
-- Negative means KiB, not pages; for each connection, of which there are a dozen. What is left out is in the
-- kernel's cache: with 16 MB a connection, and a million users, the services took 90 MiB more and no less time.
PRAGMA cache_size = -4000
-- next
PRAGMA temp_store = MEMORY
-- next
-- Bytes that the log keeps on disk once it was checkpointed: a burst's size does not stay.
PRAGMA journal_size_limit = 67108864
-- next
-- Functions with side effects cannot be called from a schema that somebody else wrote.
PRAGMA trusted_schema = OFF
-- next
-- Pages that the log takes before they are moved to the file: 32 MiB. A page that changes often moves
-- once for many changes, and between those moves a commit waits for one file only.
PRAGMA wal_autocheckpoint = 8000
