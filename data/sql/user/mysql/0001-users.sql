-- SPDX-License-Identifier: Apache-2.0
-- Every step may be run again: a change of tables commits by itself here, so a crash may come between
-- two of them.
--
-- The time of the registration is part of the id.
CREATE TABLE IF NOT EXISTS users (
  id BIGINT PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  -- What is unique: the name regardless of case. Bytes, since every comparison of texts ignores blanks at
  -- the end.
  name_key VARBINARY(1000) NOT NULL UNIQUE,
  -- Argon2id in libsodium's text form, parameters and salt included.
  password_hash VARCHAR(200) NOT NULL,
  -- Paths below /media/, empty if none was chosen.
  avatar VARCHAR(1000) NOT NULL DEFAULT '',
  background_image VARCHAR(1000) NOT NULL DEFAULT '',
  signature VARCHAR(1000) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
