-- SPDX-License-Identifier: Apache-2.0
-- How often the password was changed. A login token carries the number that it was issued under, and
-- is no longer good when this one is above it.
ALTER TABLE users ADD COLUMN IF NOT EXISTS generation BIGINT NOT NULL DEFAULT 0
