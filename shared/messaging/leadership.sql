-- name: try_relay_lock()$
-- Takes the lock that the leading relay holds, if it is free; it is held until the session ends.
SELECT pg_try_advisory_lock(hashtextextended('messaging.relay', 0));

-- name: outbox_partitions()
-- How far each partition is numbered and acknowledged.
SELECT topic, partition, numbered, acknowledged, acknowledged_offset, acknowledged_event,
       begins_after
  FROM messaging.outbox_partitions;

-- name: numbered_rows(topics, partitions, sequences)
-- The rows of each partition that are numbered above a sequence.
SELECT topic, partition, o.sequence, event_id
  FROM unnest(:topics::text[], :partitions::integer[], :sequences::bigint[])
       AS start (topic, partition, sequence)
  JOIN messaging.outbox AS o USING (topic, partition)
 WHERE o.sequence > start.sequence;

-- name: rows_numbered(topics, partitions, sequences)
-- The rows of the outbox that have these numbers.
SELECT DISTINCT topic, partition, sequence, event_id
  FROM unnest(:topics::text[], :partitions::integer[], :sequences::bigint[])
       AS seen (topic, partition, sequence)
  JOIN messaging.outbox USING (topic, partition, sequence);
