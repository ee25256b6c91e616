-- name: other_sessions()
-- Who else is connected to this database, by the name that each session gives itself.
SELECT DISTINCT coalesce(nullif(application_name, ''), 'unnamed') AS name
  FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
 ORDER BY name;

-- name: rows_above_or_waiting(topics, partitions, sequences)
-- The rows of each partition that are numbered above a sequence, or wait to be numbered.
SELECT topic, partition, event_id, row.sequence
  FROM unnest(:topics::text[], :partitions::integer[], :sequences::bigint[])
       AS start (topic, partition, sequence)
  JOIN messaging.outbox AS row USING (topic, partition)
 WHERE row.sequence > start.sequence OR row.sequence IS NULL
 ORDER BY row.id;

-- name: give_up_numbers(event_ids)!
-- These rows wait to be numbered again.
UPDATE messaging.outbox SET sequence = NULL, numbered_at = NULL
 WHERE event_id = ANY (:event_ids::uuid[]);

-- name: take_numbers(event_ids, sequences)!
-- These rows take the log's numbers.
UPDATE messaging.outbox AS row SET sequence = moved.sequence, numbered_at = now()
  FROM unnest(:event_ids::uuid[], :sequences::bigint[]) AS moved (event_id, sequence)
 WHERE row.event_id = moved.event_id;

-- name: add_rows(topics, partitions, keys, event_ids, types, headers, data, sequences)!
-- Records of the log become rows of the outbox, numbered as they are there.
INSERT INTO messaging.outbox
       (topic, partition, key, event_id, type, headers, data, sequence, numbered_at)
SELECT topic, partition, key, event_id, type, headers, data, sequence, now()
  FROM unnest(:topics::text[], :partitions::integer[], :keys::bytea[], :event_ids::uuid[],
              :types::text[], :headers::text[], :data::bytea[], :sequences::bigint[])
       WITH ORDINALITY
       AS missing (topic, partition, key, event_id, type, headers, data, sequence, place)
 ORDER BY place;

-- name: set_partitions(topics, partitions, numbered, sequences, offsets, event_ids, begins_after)!
-- Each partition is acknowledged up to what the log holds, and numbered up to that or beyond it; a
-- worker counts the sums of event ids anew.
INSERT INTO messaging.outbox_partitions AS known
       (topic, partition, numbered, acknowledged, acknowledged_offset, acknowledged_event,
        begins_after, checksum)
SELECT topic, partition, numbered, sequence, at_offset, event_id, begins_after,
       CASE WHEN sequence = 0 THEN 0 END
  FROM unnest(:topics::text[], :partitions::integer[], :numbered::bigint[], :sequences::bigint[],
              :offsets::bigint[], :event_ids::uuid[], :begins_after::bigint[])
       AS log (topic, partition, numbered, sequence, at_offset, event_id, begins_after)
ON CONFLICT (topic, partition) DO UPDATE
   SET numbered = excluded.numbered, acknowledged = excluded.acknowledged,
       acknowledged_offset = excluded.acknowledged_offset,
       acknowledged_event = excluded.acknowledged_event, begins_after = excluded.begins_after,
       checksum = excluded.checksum;
