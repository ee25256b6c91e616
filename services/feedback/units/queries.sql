-- name: upsert_units(unit_ids, paths, staff, sequences)!
-- Units as their events say; an older event changes nothing.
INSERT INTO unit AS known (unit_id, path, staff, sequence)
SELECT unit_id, path, staff, sequence
  FROM unnest(:unit_ids::text[], :paths::text[], :staff::integer[], :sequences::bigint[])
      AS new (unit_id, path, staff, sequence)
ON CONFLICT (unit_id) DO UPDATE SET path = excluded.path, staff = excluded.staff,
    sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: known_units(unit_ids)
-- Which of these units applications has stated.
SELECT unit_id FROM unit WHERE unit_id = ANY (:unit_ids::text[]);

-- name: staff(unit_id)$
-- People at a unit; null where there is no such unit.
SELECT staff FROM unit WHERE unit_id = :unit_id;

-- name: lock_services()!
-- One import at a time, until the transaction ends: two that name the same units in other orders
-- would wait for each other for ever.
SELECT pg_advisory_xact_lock(hashtextextended('services-rendered', 0));

-- name: upsert_services(unit_ids, months, services)!
-- Services rendered by unit and month; a count replaces the one before it.
INSERT INTO services_rendered (unit_id, month, services)
SELECT unit_id, month, services FROM unnest(:unit_ids::text[], :months::date[], :services::bigint[])
    AS new (unit_id, month, services)
ON CONFLICT (unit_id, month) DO UPDATE SET services = excluded.services;

-- name: owe_assessment()!
-- Marks that an assessment is owed.
INSERT INTO public.assessment_owed DEFAULT VALUES;
