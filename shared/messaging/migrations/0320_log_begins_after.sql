-- migrate:up

-- After a topic was made anew its log may begin above 1: numbers are never given again, since
-- consumers keep facts under them.
ALTER TABLE messaging.outbox_partitions
    ADD COLUMN begins_after bigint NOT NULL DEFAULT 0 CHECK (begins_after >= 0);
COMMENT ON COLUMN messaging.outbox_partitions.begins_after IS
    'The number before the first on the log: 0, but where the topic was made anew and the outbox no'
    ' longer had the numbers up to it';

-- migrate:down
ALTER TABLE messaging.outbox_partitions DROP COLUMN begins_after;
