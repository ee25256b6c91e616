-- name: all_positions()
-- Where this service stands in all that it consumes.
SELECT topic, partition, next_offset, sequence, sequence_offset, sequence_event, failures,
       released_through, checksum
  FROM messaging.position
 ORDER BY topic, partition;

-- name: take_up(topics, partitions, next_offsets, sequences, set_at, set_by)!
-- These positions stand on logs that were made anew; a worker counts the sums of event ids there.
UPDATE messaging.position AS position
   SET next_offset = moved.next_offset, sequence = moved.sequence, sequence_offset = moved.set_at,
       sequence_event = moved.set_by, failures = 0,
       released_through = NULL, checksum = CASE WHEN moved.sequence = 0 THEN 0 END
  FROM unnest(:topics::text[], :partitions::integer[], :next_offsets::bigint[],
              :sequences::bigint[], :set_at::bigint[], :set_by::uuid[])
       AS moved (topic, partition, next_offset, sequence, set_at, set_by)
 WHERE (position.topic, position.partition) = (moved.topic, moved.partition);
