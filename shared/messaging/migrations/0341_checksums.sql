-- migrate:up

-- What the owner and each consumer of a partition compare: the sum of the low 48 bits of the ids of
-- all events up to the number, modulo 2^48. Null: unknown, until it has been counted on the log.
ALTER TABLE messaging.outbox_partitions ADD COLUMN checksum bigint DEFAULT 0
    CHECK (checksum BETWEEN 0 AND 281474976710655);
UPDATE messaging.outbox_partitions SET checksum = NULL WHERE acknowledged > 0;
ALTER TABLE messaging.position ADD COLUMN checksum bigint DEFAULT 0
    CHECK (checksum BETWEEN 0 AND 281474976710655);
UPDATE messaging.position SET checksum = NULL WHERE sequence > 0;

-- migrate:down
ALTER TABLE messaging.position DROP COLUMN checksum;
ALTER TABLE messaging.outbox_partitions DROP COLUMN checksum;
