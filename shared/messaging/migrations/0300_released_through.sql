-- migrate:up

-- What an operator lets pass the brake: records up to this offset become dead letters without being
-- counted; behind it the count begins anew.
ALTER TABLE messaging.position ADD COLUMN released_through bigint CHECK (released_through >= 0);
COMMENT ON COLUMN messaging.position.released_through IS
    'By `terang dead-letters release SERVICE TOPIC/PARTITION --through OFFSET`';

-- What is discarded in bulk: records that carry no event of this platform.
CREATE INDEX dead_letter_foreign ON messaging.dead_letter (topic, partition, record_offset)
    WHERE settled_at IS NULL AND sequence IS NULL;

-- migrate:down

DROP INDEX messaging.dead_letter_foreign;
ALTER TABLE messaging.position DROP COLUMN released_through;
