-- name: number_rows(most_rows, most_bytes)
-- Numbers rows by their ids, densely in each partition from its locked counter.
-- Up to so many rows or bytes of data; one row at least.
WITH waiting AS MATERIALIZED (
    SELECT at, id, topic, partition,
           sum(coalesce(octet_length(data), 0)) OVER (ORDER BY id)
           - coalesce(octet_length(data), 0) AS before
      FROM (SELECT *, ctid AS at FROM messaging.outbox
             WHERE sequence IS NULL
             ORDER BY id
             LIMIT :most_rows) AS first
), batch AS MATERIALIZED (
    SELECT at, topic, partition,
           row_number() OVER (PARTITION BY topic, partition ORDER BY id) AS place,
           count(*) OVER (PARTITION BY topic, partition) AS among
      FROM waiting
     WHERE before < :most_bytes
), counter AS (
    INSERT INTO messaging.outbox_partitions AS counter (topic, partition, numbered)
    SELECT topic, partition, count(*) FROM batch GROUP BY topic, partition ORDER BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE SET numbered = counter.numbered + excluded.numbered
    RETURNING topic, partition, numbered
)
UPDATE messaging.outbox AS row
   SET sequence = counter.numbered - batch.among + batch.place, numbered_at = now()
  FROM batch JOIN counter USING (topic, partition)
 WHERE row.ctid = batch.at
RETURNING row.topic, row.partition, row.sequence, row.key, row.event_id, row.headers, row.data;

-- name: unsent_rows(most_rows, most_bytes)
-- Rows with a number above what the log is known to hold, in the order of sending.
-- Up to so many rows or bytes of data; one row at least.
SELECT topic, partition, sequence, key, event_id, headers, data
  FROM (SELECT row.*,
               sum(coalesce(octet_length(data), 0)) OVER (ORDER BY topic, partition, sequence)
               - coalesce(octet_length(data), 0) AS before
          FROM (SELECT row.*
                  FROM messaging.outbox_partitions AS known
                  JOIN messaging.outbox AS row USING (topic, partition)
                 WHERE known.acknowledged < known.numbered
                   AND row.sequence > greatest(known.acknowledged, known.begins_after)
                 ORDER BY topic, partition, sequence
                 LIMIT :most_rows) AS row) AS row
 WHERE before < :most_bytes
 ORDER BY topic, partition, sequence;

-- name: acknowledge(topics, partitions, sequences, offsets, event_ids, firsts, added)
-- Moves what is acknowledged of each partition up to what was sent; returns by how much, per topic.
-- `firsts` are the first numbers of what was sent, `added` what its event ids add to the sums.
UPDATE messaging.outbox_partitions AS known
   SET acknowledged = sent.sequence, acknowledged_offset = sent.at_offset,
       acknowledged_event = sent.event_id,
       checksum = CASE WHEN sent.first = known.acknowledged + 1
                       THEN (known.checksum + sent.added) % 281474976710656 END
  FROM unnest(:topics::text[], :partitions::integer[], :sequences::bigint[], :offsets::bigint[],
              :event_ids::uuid[], :firsts::bigint[], :added::bigint[])
       AS sent (topic, partition, sequence, at_offset, event_id, first, added),
       messaging.outbox_partitions AS old
 WHERE (known.topic, known.partition) = (sent.topic, sent.partition)
   AND (old.topic, old.partition) = (sent.topic, sent.partition)
   AND known.acknowledged < sent.sequence
RETURNING known.topic, known.acknowledged - old.acknowledged AS moved_by;

-- name: ensure_partitions(topics, partitions)!
-- Every partition has its row.
INSERT INTO messaging.outbox_partitions (topic, partition)
SELECT * FROM unnest(:topics::text[], :partitions::integer[])
ON CONFLICT (topic, partition) DO NOTHING;

-- name: set_acknowledged(topics, partitions, sequences, offsets, event_ids)!
-- Sets what is acknowledged of each partition to what the log was found to hold, up or down.
-- The sum follows by the rows in between; where one of them is gone, it is unknown.
UPDATE messaging.outbox_partitions AS known
   SET acknowledged = found.sequence, acknowledged_offset = found.at_offset,
       acknowledged_event = found.event_id,
       checksum = CASE WHEN found.sequence = 0 THEN 0 ELSE (
           SELECT CASE WHEN count(*) = abs(found.sequence - known.acknowledged) THEN
                       mod(known.checksum + 281474976710656 + mod(
                           CASE WHEN found.sequence > known.acknowledged THEN 1 ELSE -1 END
                           * coalesce(sum(('x' || right(event_id::text, 12))::bit(48)::bigint), 0),
                           281474976710656), 281474976710656)::bigint END
             FROM messaging.outbox AS row
            WHERE row.topic = known.topic AND row.partition = known.partition
              AND row.sequence > least(found.sequence, known.acknowledged)
              AND row.sequence <= greatest(found.sequence, known.acknowledged)) END
  FROM unnest(:topics::text[], :partitions::integer[], :sequences::bigint[], :offsets::bigint[],
              :event_ids::uuid[]) AS found (topic, partition, sequence, at_offset, event_id)
 WHERE (known.topic, known.partition) = (found.topic, found.partition)
   AND (known.acknowledged, known.acknowledged_offset)
       IS DISTINCT FROM (found.sequence, found.at_offset);

-- name: waiting_rows()^
-- Rows that the log is not known to hold: how many, and how long the oldest has waited.
SELECT count(*) AS rows,
       coalesce(extract(epoch FROM now() - min(created)), 0)::float8 AS oldest_seconds
  FROM (SELECT created FROM messaging.outbox WHERE sequence IS NULL
        UNION ALL
        SELECT created
          FROM messaging.outbox_partitions AS known
          JOIN messaging.outbox AS row USING (topic, partition)
         WHERE known.acknowledged < known.numbered
                   AND row.sequence > greatest(known.acknowledged, known.begins_after)) AS row;

-- name: remove_published(older_than, most)$
-- Removes some published rows that were numbered longer ago; returns how many.
WITH removed AS (
    DELETE FROM messaging.outbox WHERE event_id IN (
        SELECT event_id
          FROM messaging.outbox AS row
          JOIN messaging.outbox_partitions AS known USING (topic, partition)
         WHERE row.numbered_at < now() - :older_than::interval
           AND row.sequence <= known.acknowledged
         LIMIT :most)
    RETURNING 1
)
SELECT count(*) FROM removed;
