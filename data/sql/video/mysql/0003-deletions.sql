-- SPDX-License-Identifier: Apache-2.0
-- Videos that their authors deleted: so that a deletion which is sent again is told from one of
-- nothing, an upload that is sent again does not bring one back, and what belongs to it goes even
-- if that is interrupted.
CREATE TABLE IF NOT EXISTS deleted_videos (
  id BIGINT PRIMARY KEY,
  author_id BIGINT NOT NULL,
  -- Milliseconds since 1970.
  deleted BIGINT NOT NULL,
  -- Whether files of it may be left, or likes and comments, which are in another domain.
  pending BIGINT NOT NULL,
  KEY deleted_videos_pending (pending, id),
  KEY deleted_videos_by_age (deleted)
) ENGINE=InnoDB
