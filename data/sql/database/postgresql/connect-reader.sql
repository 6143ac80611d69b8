-- SPDX-License-Identifier: Apache-2.0
-- What a reader's connection is told after connect.sql: a write sent to a reader is refused.
SET default_transaction_read_only = on
