-- SPDX-License-Identifier: Apache-2.0
-- The time of the registration is part of the id.
CREATE TABLE users (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  -- What is unique: the name regardless of case. Compared byte by byte.
  name_key TEXT COLLATE "C" NOT NULL UNIQUE,
  -- Argon2id in libsodium's text form, parameters and salt included.
  password_hash TEXT NOT NULL,
  -- Paths below /media/, empty if none was chosen.
  avatar TEXT NOT NULL DEFAULT '',
  background_image TEXT NOT NULL DEFAULT '',
  signature TEXT NOT NULL DEFAULT ''
)
