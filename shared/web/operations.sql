-- name: tables()
-- The service's tables, by schema and name.
SELECT schemaname AS schema, tablename AS name
FROM pg_tables
WHERE schemaname IN ('public', 'projections') AND tablename <> 'schema_migrations'
ORDER BY schemaname, tablename;

-- name: outbox_waiting()$
-- How many events are stated and not yet acknowledged by Kafka.
SELECT (SELECT count(*) FROM messaging.outbox WHERE sequence IS NULL)
     + (SELECT coalesce(sum(numbered - acknowledged), 0) FROM messaging.outbox_partitions);

-- name: positions()
-- How far each partition was read.
SELECT topic, partition, next_offset, sequence
FROM messaging.position
ORDER BY topic, partition;

-- name: unsettled_dead_letters()$
-- How many dead letters wait for someone.
SELECT count(*) FROM messaging.dead_letter WHERE settled_at IS NULL;
