-- name: note_unheard(topics, partitions, types, first_offsets, events)!
-- Counts events of types that this service has no subscription to, and where they were first seen.
INSERT INTO messaging.unheard_type AS seen (topic, partition, type, first_offset, events)
SELECT topic, partition, type, first_offset, events
  FROM unnest(:topics::text[], :partitions::integer[], :types::text[], :first_offsets::bigint[],
              :events::bigint[]) AS new (topic, partition, type, first_offset, events)
ON CONFLICT (topic, partition, type) DO UPDATE SET events = seen.events + excluded.events;

-- name: heard_late(types)
-- Types that were passed by before there was a subscription: their past is missing until a rebuild.
SELECT type, topic, sum(events)::bigint AS events
  FROM messaging.unheard_type
 WHERE type = ANY (:types::text[])
 GROUP BY type, topic
 ORDER BY type;

-- name: note_heard(topics, types)!
-- Keeps from where each type is heard, if that is not kept yet. A service that has kept nothing yet
-- is new, or comes from a version that did not keep it: its types count as heard until now.
INSERT INTO messaging.heard_type (topic, partition, type, from_offset, counted)
SELECT topic, partition, type, next_offset,
       next_offset = 0 OR NOT EXISTS (SELECT FROM messaging.heard_type)
  FROM unnest(:topics::text[], :types::text[]) AS subscribed (topic, type)
  JOIN messaging.position USING (topic)
ON CONFLICT (topic, partition, type) DO NOTHING;

-- name: uncounted()
-- Types whose past was not looked for yet, and where their hearing begins.
SELECT topic, partition, type, from_offset FROM messaging.heard_type WHERE NOT counted
 ORDER BY topic, partition, type;

-- name: keep_counted(topic, partition, types, first_offsets, events)!
-- What the log holds of these types before their hearing began; it was counted in passing, too.
-- Nothing of a type that a rebuild has read from the start meanwhile.
WITH heard AS (
    SELECT type FROM messaging.heard_type
     WHERE topic = :topic AND partition = :partition AND NOT counted
       FOR UPDATE
), found AS (
    SELECT type, first_offset, events
      FROM unnest(:types::text[], :first_offsets::bigint[], :events::bigint[])
           AS found (type, first_offset, events)
      JOIN heard USING (type)
), missed AS (
    INSERT INTO messaging.unheard_type AS seen (topic, partition, type, first_offset, events)
    SELECT :topic, :partition, type, first_offset, events FROM found WHERE events > 0
    ON CONFLICT (topic, partition, type)
       DO UPDATE SET events = greatest(seen.events, excluded.events)
)
UPDATE messaging.heard_type AS heard SET counted = true FROM found
 WHERE heard.topic = :topic AND heard.partition = :partition AND heard.type = found.type;

-- name: forget_unheard(types)!
-- A rebuild has read these types from the start.
WITH heard AS (
    UPDATE messaging.heard_type SET from_offset = 0, counted = true
     WHERE type = ANY (:types::text[])
)
DELETE FROM messaging.unheard_type WHERE type = ANY (:types::text[]);
