-- SPDX-License-Identifier: Apache-2.0
-- Who blocks whom. A row is what one of the two decided; two users are apart if there is one in either
-- direction, so both are looked at, each by an index of its own.
CREATE TABLE IF NOT EXISTS blocks (
  sequence BIGINT AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  whom BIGINT NOT NULL,
  UNIQUE KEY blocks_once (user_id, whom),
  KEY blocks_of_user (user_id, sequence, whom),
  KEY blocks_of_whom (whom, sequence, user_id)
) ENGINE=InnoDB
-- next
CREATE FUNCTION IF NOT EXISTS blocks_page (owner BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT(GROUP_CONCAT(p.id ORDER BY p.sequence DESC), ';', MIN(p.sequence))
  FROM (SELECT sequence, whom AS id FROM blocks
        WHERE user_id = owner AND sequence < below
        ORDER BY sequence DESC LIMIT most) AS p)
-- next
CREATE FUNCTION IF NOT EXISTS apart_page (owner BIGINT, below BIGINT, most BIGINT)
RETURNS MEDIUMTEXT CHARSET utf8mb4 READS SQL DATA
RETURN (SELECT CONCAT(GROUP_CONCAT(p.id ORDER BY p.sequence DESC), ';', MIN(p.sequence))
  FROM (SELECT u.sequence, u.id
        FROM ((SELECT sequence, whom AS id FROM blocks
               WHERE user_id = owner AND sequence < below
               ORDER BY sequence DESC LIMIT most)
              UNION ALL
              (SELECT sequence, user_id AS id FROM blocks
               WHERE whom = owner AND sequence < below
               ORDER BY sequence DESC LIMIT most)) AS u
        ORDER BY u.sequence DESC LIMIT most) AS p)
