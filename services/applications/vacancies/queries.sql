-- name: lock_units()!
-- One import at a time: what is compared stays as it is until the end.
LOCK TABLE units IN SHARE ROW EXCLUSIVE MODE;

-- name: units_by_id_or_path(unit_ids, path_keys)
-- The units that have one of these ids or one of these paths.
SELECT unit_id, path, staff
  FROM units
 WHERE unit_id = ANY(:unit_ids::text[]) OR path_key = ANY(:path_keys::text[]);

-- name: keep_units(unit_ids, paths, path_keys, staff)!
-- New units, and what changed of those known.
INSERT INTO units (unit_id, path, path_key, staff)
SELECT * FROM unnest(:unit_ids::text[], :paths::text[], :path_keys::text[], :staff::integer[])
ON CONFLICT (unit_id) DO UPDATE
   SET path = excluded.path, path_key = excluded.path_key, staff = excluded.staff;

-- name: page_of_units(after, limit)
-- Units in order of id.
SELECT unit_id, path, staff FROM units WHERE unit_id > :after ORDER BY unit_id LIMIT :limit;

-- name: lock_listing_ids()!
-- One import of vacancies at a time: whether another round used a listing id stays as it is until
-- the end.
SELECT pg_advisory_xact_lock(hashtext('vacancies'));

-- name: listing_ids_used(round_id, listing_ids)
-- Those of these ids that are the vacancy id in another round.
SELECT vacancy_id
  FROM vacancies
 WHERE vacancy_id = ANY(:listing_ids::text[]) AND round_id <> :round_id;

-- name: drop_draft(round_id)!
-- Takes away what an earlier import left.
DELETE FROM vacancies WHERE round_id = :round_id AND NOT published;

-- name: keep_draft(round_id, vacancies)!
-- The vacancies of a round before they are published, as VacancyPublished states them.
INSERT INTO vacancies (round_id, vacancy_id, listing_id, number, agency, post, unit_id, need, seats,
                       open_to_disabled, pay_min, pay_max, education)
SELECT :round_id, vacancy_id, listing_id, number, agency, post, unit_id, need, seats,
       open_to_disabled, pay_min, pay_max, education
  FROM jsonb_to_recordset(:vacancies::jsonb)
       AS draft (vacancy_id text, listing_id text, number integer, agency text, post text,
                 unit_id text, need text, seats integer, open_to_disabled boolean, pay_min integer,
                 pay_max integer, education jsonb);

-- name: publish_vacancies(round_id)
-- All vacancies of the round, from now on public, with the path of their unit.
WITH published AS (
    UPDATE vacancies SET published = true WHERE round_id = :round_id RETURNING *
)
SELECT published.*, unit.path AS unit_path
  FROM published JOIN units AS unit USING (unit_id)
 ORDER BY number;

-- name: mark_round_published(round_id, at)!
-- The round's vacancies are public since then.
UPDATE rounds SET published_at = :at WHERE round_id = :round_id;

-- name: mark_published(vacancy_ids)!
-- These vacancies are public.
UPDATE vacancies SET published = true WHERE vacancy_id = ANY(:vacancy_ids::text[]);

-- name: page_of_vacancies(round_id, drafts, after, limit)
-- Vacancies of a round in order of number; drafts only where asked for.
SELECT vacancy.*, unit.path AS unit_path
  FROM vacancies AS vacancy JOIN units AS unit USING (unit_id)
 WHERE round_id = :round_id AND (published OR :drafts) AND number > :after
 ORDER BY number
 LIMIT :limit;
