-- name: ensure_positions(topics, partitions)!
-- Rows exist from the start, so that the first batch too finds a row to lock.
INSERT INTO messaging.position (topic, partition)
SELECT topic, partition FROM unnest(:topics::text[], :partitions::integer[]) AS place (topic, partition)
ON CONFLICT DO NOTHING;

-- name: read_positions(topics, partitions)
-- Where these partitions stand.
SELECT topic, partition, next_offset, sequence, sequence_offset, sequence_event, failures
  FROM messaging.position
 WHERE (topic, partition) IN (SELECT topic, partition FROM unnest(:topics::text[], :partitions::integer[]) AS place (topic, partition))
 ORDER BY topic, partition;

-- name: lock_positions(topics, partitions)
-- The same, held until the transaction ends; always in this order, so that two workers can't wait
-- for each other.
SELECT topic, partition, next_offset, sequence, sequence_offset, sequence_event, failures
  FROM messaging.position
 WHERE (topic, partition) IN (SELECT topic, partition FROM unnest(:topics::text[], :partitions::integer[]) AS place (topic, partition))
 ORDER BY topic, partition
   FOR UPDATE;

-- name: move_positions(topics, partitions, expected, next_offsets, sequences, sequence_offsets, sequence_events, failures)
-- Compare and set: moves the rows that still stand at `expected`; returns each that moved. Fewer
-- than asked for: all is off.
UPDATE messaging.position AS position
   SET next_offset = moved.next_offset, sequence = moved.sequence, sequence_offset = moved.sequence_offset,
       sequence_event = moved.sequence_event, failures = moved.failures
  FROM unnest(:topics::text[], :partitions::integer[], :expected::bigint[], :next_offsets::bigint[], :sequences::bigint[],
              :sequence_offsets::bigint[], :sequence_events::uuid[], :failures::integer[])
       AS moved (topic, partition, expected, next_offset, sequence, sequence_offset, sequence_event, failures)
 WHERE position.topic = moved.topic AND position.partition = moved.partition AND position.next_offset = moved.expected
RETURNING position.topic;

-- name: release_brake()!
-- Forgets the dead letters in a row, so that a stopped worker may reject as many again.
UPDATE messaging.position SET failures = 0 WHERE failures > 0;

-- name: note_unheard(topics, partitions, types, first_offsets, events)!
-- Counts events of types that this service doesn't hear, and where each was first seen.
INSERT INTO messaging.unheard_type AS seen (topic, partition, type, first_offset, events)
SELECT topic, partition, type, first_offset, events
  FROM unnest(:topics::text[], :partitions::integer[], :types::text[], :first_offsets::bigint[], :events::bigint[])
       AS new (topic, partition, type, first_offset, events)
ON CONFLICT (topic, partition, type) DO UPDATE SET events = seen.events + excluded.events;

-- name: heard_late(types)
-- Types that are heard now and passed by unheard before: their past is missing until a rebuild.
SELECT type, topic, sum(events)::bigint AS events FROM messaging.unheard_type WHERE type = ANY (:types::text[]) GROUP BY type, topic ORDER BY type;

-- name: forget_unheard(types)!
-- A rebuild has read these types from the start.
DELETE FROM messaging.unheard_type WHERE type = ANY (:types::text[]);

-- name: insert_dead_letters(at, ids, reasons, details, handlers, topics, partitions, record_offsets, record_timestamps, sequences, event_ids, types, keys, headers, values)!
-- Keeps dead letters until they are settled.
INSERT INTO messaging.dead_letter (id, at, reason, detail, handler, topic, partition, record_offset, record_timestamp, sequence, event_id, type,
                                   key, headers, value)
SELECT id, :at, reason, detail, handler, topic, partition, record_offset, record_timestamp, sequence, event_id, type, key, headers, value
  FROM unnest(:ids::uuid[], :reasons::text[], :details::text[], :handlers::text[], :topics::text[], :partitions::integer[],
              :record_offsets::bigint[], :record_timestamps::bigint[], :sequences::bigint[], :event_ids::uuid[], :types::text[],
              :keys::bytea[], :headers::text[], :values::bytea[])
       AS new (id, reason, detail, handler, topic, partition, record_offset, record_timestamp, sequence, event_id, type, key, headers, value);

-- name: open_dead_letters()$
-- How many wait to be settled.
SELECT count(*) FROM messaging.dead_letter WHERE settled_at IS NULL;

-- name: list_dead_letters(every, most)
-- Dead letters without their bytes, oldest first; with `every` the settled ones too.
SELECT id, at, reason, detail, handler, topic, partition, record_offset, type, event_id, settled_at
  FROM messaging.dead_letter
 WHERE :every OR settled_at IS NULL
 ORDER BY at, id LIMIT :most;

-- name: show_dead_letter(id)^
-- One dead letter with its record.
SELECT id, at, reason, detail, handler, topic, partition, record_offset, record_timestamp, sequence, event_id, type, key, headers, value, settled_at
  FROM messaging.dead_letter WHERE id = :id;

-- name: lock_open_dead_letter(id)^
-- The same, if it waits to be settled, held until the transaction ends: two replays of one take
-- effect once.
SELECT id, at, reason, detail, handler, topic, partition, record_offset, record_timestamp, sequence, event_id, type, key, headers, value, settled_at
  FROM messaging.dead_letter WHERE id = :id AND settled_at IS NULL FOR UPDATE;

-- name: settle_dead_letter(at, id)!
-- It took effect. The copy of its bytes has served.
UPDATE messaging.dead_letter SET settled_at = :at, key = NULL, headers = NULL, value = NULL WHERE id = :id;

-- name: unsettled_records()
-- Records that never took effect, as (topic, partition, offset).
SELECT topic, partition, record_offset FROM messaging.dead_letter WHERE settled_at IS NULL;
