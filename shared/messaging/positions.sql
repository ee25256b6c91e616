-- name: ensure_positions(topics, partitions)!
-- Rows exist from the start, so that the first batch too finds a row to lock.
INSERT INTO messaging.position (topic, partition)
SELECT topic, partition
  FROM unnest(:topics::text[], :partitions::integer[]) AS wanted (topic, partition)
ON CONFLICT DO NOTHING;

-- name: read_positions(topics, partitions)
-- Where these partitions stand.
SELECT topic, partition, next_offset, sequence, sequence_offset, sequence_event, failures,
       released_through, checksum
  FROM messaging.position
 WHERE (topic, partition) IN (
        SELECT topic, partition
          FROM unnest(:topics::text[], :partitions::integer[]) AS wanted (topic, partition))
 ORDER BY topic, partition;

-- name: lock_positions(topics, partitions)
-- The same, held until the transaction ends.
-- Always in this order, so that two workers can't wait for each other.
SELECT topic, partition, next_offset, sequence, sequence_offset, sequence_event, failures,
       released_through, checksum
  FROM messaging.position
 WHERE (topic, partition) IN (
        SELECT topic, partition
          FROM unnest(:topics::text[], :partitions::integer[]) AS wanted (topic, partition))
 ORDER BY topic, partition
   FOR UPDATE;

-- name: move_positions(topics, partitions, expected, ends, sequences, set_at, set_by, failures,
--       checksums)
-- Compare and set: moves the rows that still stand at `expected`; returns each that moved.
-- Fewer than asked for: all is off. `set_at` and `set_by` are offset and event of each sequence.
UPDATE messaging.position AS position
   SET next_offset = moved.next_offset, sequence = moved.sequence,
       sequence_offset = moved.sequence_offset, sequence_event = moved.sequence_event,
       failures = moved.failures, checksum = moved.checksum
  FROM unnest(:topics::text[], :partitions::integer[], :expected::bigint[],
              :ends::bigint[], :sequences::bigint[], :set_at::bigint[],
              :set_by::uuid[], :failures::integer[], :checksums::bigint[])
       AS moved (topic, partition, expected, next_offset, sequence, sequence_offset,
                 sequence_event, failures, checksum)
 WHERE position.topic = moved.topic AND position.partition = moved.partition
   AND position.next_offset = moved.expected
RETURNING position.topic;

-- name: release_brake()!
-- Forgets the dead letters in a row, so that a stopped worker may reject as many again.
UPDATE messaging.position SET failures = 0 WHERE failures > 0;

-- name: release_through(topic, partition, through)^
-- Lets what can't take effect pass the brake up to an offset; nothing if the partition is not read.
UPDATE messaging.position SET failures = 0, released_through = :through
 WHERE topic = :topic AND partition = :partition
RETURNING next_offset;
