-- name: insert_dead_letters(letters)!
-- Keeps dead letters until they are settled.
INSERT INTO messaging.dead_letter
       (id, at, reason, detail, handler, topic, partition, record_offset, record_timestamp,
        sequence, event_id, type, key, headers, value,
        value_sha256, key_bytes, value_bytes, header_count, headers_bytes)
SELECT id, at, reason, detail, handler, topic, partition, record_offset, record_timestamp,
       sequence, event_id, type, key, headers, value,
       value_sha256, key_bytes, value_bytes, header_count, headers_bytes
  FROM unnest(:letters::messaging.dead_letter[]);

-- name: open_dead_letters()$
-- How many wait to be settled.
SELECT count(*) FROM messaging.dead_letter WHERE settled_at IS NULL;

-- name: list_dead_letters(every, most)
-- Dead letters without their bytes, oldest first; with `every` the settled ones too.
SELECT id, at, reason, detail, handler, topic, partition, record_offset, type, event_id, settled_at
  FROM messaging.dead_letter
 WHERE :every OR settled_at IS NULL
 ORDER BY at, id
 LIMIT :most;

-- name: show_dead_letter(id)^
-- One dead letter with its record.
SELECT id, at, reason, detail, handler, topic, partition, record_offset, record_timestamp, sequence,
       event_id, type, key, headers, value, settled_at,
       value_sha256, key_bytes, value_bytes, header_count, headers_bytes
  FROM messaging.dead_letter
 WHERE id = :id;

-- name: lock_open_dead_letter(id)^
-- The same, if it waits to be settled, held until the transaction ends.
-- Two replays of one dead letter take effect once.
SELECT id, at, reason, detail, handler, topic, partition, record_offset, record_timestamp, sequence,
       event_id, type, key, headers, value, settled_at,
       value_sha256, key_bytes, value_bytes, header_count, headers_bytes
  FROM messaging.dead_letter
 WHERE id = :id AND settled_at IS NULL
   FOR UPDATE;

-- name: settle_dead_letter(at, id)!
-- It took effect. The copy of its bytes has served.
UPDATE messaging.dead_letter SET settled_at = :at, key = NULL, headers = NULL, value = NULL
 WHERE id = :id;

-- name: forget_settled(until, at_most)$
-- Removes dead letters that were settled before, some at a time, and counts them.
WITH forgotten AS (
    DELETE FROM messaging.dead_letter
     WHERE id IN (SELECT id FROM messaging.dead_letter WHERE settled_at < :until
                   ORDER BY settled_at LIMIT :at_most FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM forgotten;

-- name: unsettled_records()
-- Records that never took effect, as (topic, partition, offset).
SELECT topic, partition, record_offset FROM messaging.dead_letter WHERE settled_at IS NULL;

-- name: count_by_reason(every)
-- How many dead letters there are for each reason, most first; with `every` settled ones too.
SELECT reason, count(*) AS letters FROM messaging.dead_letter
 WHERE :every OR settled_at IS NULL
 GROUP BY reason ORDER BY letters DESC, reason;

-- name: foreign_letters(topic, partition)
-- Dead letters that carry no event of this platform and wait, by partition and reason.
-- Of all partitions where `topic` is null.
SELECT topic, partition, reason, count(*) AS letters, min(record_offset) AS first,
       max(record_offset) AS last
  FROM messaging.dead_letter
 WHERE settled_at IS NULL AND sequence IS NULL
   AND (:topic::text IS NULL OR (topic, partition) = (:topic::text, :partition::integer))
 GROUP BY topic, partition, reason ORDER BY topic, partition, letters DESC, reason;

-- name: discard_foreign(topic, partition, most, at)
-- Settles so many of them, by offset; returns how many, and from where to where, by partition.
-- The copies of their bytes go.
WITH chosen AS (
    SELECT id FROM messaging.dead_letter
     WHERE settled_at IS NULL AND sequence IS NULL
       AND (:topic::text IS NULL OR (topic, partition) = (:topic::text, :partition::integer))
     ORDER BY topic, partition, record_offset
     LIMIT :most
       FOR UPDATE
), discarded AS (
    UPDATE messaging.dead_letter AS letter
       SET settled_at = :at, key = NULL, headers = NULL, value = NULL
      FROM chosen
     WHERE letter.id = chosen.id
    RETURNING letter.topic, letter.partition, letter.record_offset
)
SELECT topic, partition, count(*) AS letters, min(record_offset) AS first,
       max(record_offset) AS last
  FROM discarded GROUP BY topic, partition ORDER BY topic, partition;
