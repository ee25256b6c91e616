-- name: ignored_records()
-- Places of ignored records, and the event that stood there.
SELECT topic, partition, record_offset, event_id FROM messaging.ignored_record;

-- name: insert_ignored(topic, partition, offsets, event_ids, sequences, reason, who, at)!
-- From now on these records are passed over; one that was ignored before keeps its first reason.
INSERT INTO messaging.ignored_record
       (topic, partition, record_offset, event_id, sequence, reason, who, at)
SELECT :topic, :partition, record_offset, event_id, sequence, :reason, :who, :at
  FROM unnest(:offsets::bigint[], :event_ids::uuid[], :sequences::bigint[])
       AS ignored (record_offset, event_id, sequence)
ON CONFLICT (topic, partition, record_offset) DO UPDATE
   SET event_id = excluded.event_id, sequence = excluded.sequence, reason = excluded.reason,
       who = excluded.who, at = excluded.at
 WHERE ignored_record.event_id <> excluded.event_id;
