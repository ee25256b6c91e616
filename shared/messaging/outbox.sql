-- name: append_rows(topics, partitions, keys, event_ids, types, headers, data, channel)!
-- Appends rows in the given order, and wakes the relay unless rows are waiting already.
-- Their writers woke it: a transaction that notifies holds a lock of the whole server until it has
-- committed (PostgreSQL, async.c), and under load that would undo group commit.
WITH appended AS (
    INSERT INTO messaging.outbox (topic, partition, key, event_id, type, headers, data)
    SELECT topic, partition, key, event_id, type, headers, data
      FROM unnest(:topics::text[], :partitions::integer[], :keys::bytea[], :event_ids::uuid[],
                  :types::text[], :headers::text[], :data::bytea[])
           WITH ORDINALITY AS row (topic, partition, key, event_id, type, headers, data, place)
     ORDER BY place
    ON CONFLICT (event_id) DO NOTHING
)
SELECT pg_notify(:channel, '')
 WHERE NOT EXISTS (SELECT FROM messaging.outbox WHERE sequence IS NULL);
