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

-- name: forget_unheard(types)!
-- A rebuild has read these types from the start.
DELETE FROM messaging.unheard_type WHERE type = ANY (:types::text[]);
