-- SPDX-License-Identifier: Apache-2.0
-- The time of the registration is part of the id.
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  -- What is unique: the name regardless of case.
  name_key TEXT NOT NULL UNIQUE,
  -- Argon2id in libsodium's text form, parameters and salt included.
  password_hash TEXT NOT NULL,
  -- Paths below /media/, empty if none was chosen.
  avatar TEXT NOT NULL DEFAULT '',
  background_image TEXT NOT NULL DEFAULT '',
  signature TEXT NOT NULL DEFAULT ''
) STRICT
