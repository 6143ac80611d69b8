-- SPDX-License-Identifier: Apache-2.0
-- What could not be transcoded is counted and listed for the administration, which may have it tried again.
CREATE INDEX IF NOT EXISTS videos_not_transcoded ON videos (transcode, id)
