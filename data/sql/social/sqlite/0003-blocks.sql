-- SPDX-License-Identifier: Apache-2.0
-- Who blocks whom. A row is what one of the two decided; two users are apart if there is one in either
-- direction, so both are looked at, each by an index of its own.
CREATE TABLE blocks (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  user INTEGER NOT NULL,
  whom INTEGER NOT NULL
) STRICT
-- next
CREATE UNIQUE INDEX blocks_once ON blocks (user, whom)
-- next
CREATE INDEX blocks_of_user ON blocks (user, sequence, whom)
-- next
CREATE INDEX blocks_of_whom ON blocks (whom, sequence, user)
