-- name: count_death(topic, partition, record_offset, exception)^
-- A worker ends at this record: how often that was, and whether an operator has set it aside.
INSERT INTO messaging.deadly_record AS known (topic, partition, record_offset, deaths, exception)
VALUES (:topic, :partition, :record_offset, 1, :exception)
ON CONFLICT (topic, partition) DO UPDATE
   SET deaths = CASE WHEN known.record_offset = excluded.record_offset
                     THEN known.deaths + 1 ELSE 1 END,
       set_aside = known.set_aside AND known.record_offset = excluded.record_offset,
       record_offset = excluded.record_offset, exception = excluded.exception
RETURNING deaths, set_aside;

-- name: set_aside(topic, partition, record_offset)$
-- Has a record at which workers ended become a dead letter; returns how often they did.
UPDATE messaging.deadly_record SET set_aside = true
 WHERE (topic, partition, record_offset) = (:topic, :partition, :record_offset)
RETURNING deaths;
