-- name: unknown_checksums()
-- Partitions whose sum is unknown: owned, whose events this service states, or consumed.
SELECT topic, partition, true AS owned FROM messaging.outbox_partitions WHERE checksum IS NULL
UNION ALL
SELECT topic, partition, false FROM messaging.position WHERE checksum IS NULL
 ORDER BY topic, partition, owned;

-- name: counted(topic, partition, owned)^
-- How far a partition is counted: number, offset and sum.
SELECT acknowledged AS sequence, acknowledged_offset AS at_offset, checksum
  FROM messaging.outbox_partitions
 WHERE :owned AND topic = :topic AND partition = :partition
UNION ALL
SELECT sequence, sequence_offset, checksum
  FROM messaging.position
 WHERE NOT :owned AND topic = :topic AND partition = :partition;

-- name: set_checksum(topic, partition, owned, sequence, checksum)$
-- Sets an unknown sum if the partition still stands at this number; true if it did.
WITH owner AS (
    UPDATE messaging.outbox_partitions SET checksum = :checksum
     WHERE :owned AND topic = :topic AND partition = :partition AND acknowledged = :sequence
       AND checksum IS NULL
    RETURNING 1
), consumer AS (
    UPDATE messaging.position SET checksum = :checksum
     WHERE NOT :owned AND topic = :topic AND partition = :partition AND sequence = :sequence
       AND checksum IS NULL
    RETURNING 1
)
SELECT EXISTS (SELECT FROM owner UNION ALL SELECT FROM consumer);

-- name: owned_counts()
-- How far the log is known to hold what this service states.
SELECT topic, partition, acknowledged AS sequence, checksum FROM messaging.outbox_partitions;

-- name: consumed_counts()
-- How far this service has taken what others state.
SELECT topic, partition, sequence, checksum FROM messaging.position;
