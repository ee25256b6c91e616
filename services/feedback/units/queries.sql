-- name: put_units(unit_ids, paths, staff, sequences)!
-- Takes units as their events say they are; an older event changes nothing.
INSERT INTO unit AS known (unit_id, path, staff, sequence)
SELECT unit_id, path, staff, sequence
  FROM unnest(:unit_ids::text[], :paths::text[], :staff::integer[], :sequences::bigint[]) AS new (unit_id, path, staff, sequence)
ON CONFLICT (unit_id) DO UPDATE SET path = excluded.path, staff = excluded.staff, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: known_units(unit_ids)
-- Which of these units applications has stated.
SELECT unit_id FROM unit WHERE unit_id = ANY (:unit_ids::text[]);

-- name: unit(unit_id, window_start, window_to)^
-- One unit with its services in a window and how many months of it were reported.
SELECT unit_id, path, staff,
       (SELECT coalesce(sum(services), 0)::bigint FROM services_rendered AS done
         WHERE done.unit_id = unit.unit_id AND month >= :window_start AND month < :window_to) AS services,
       (SELECT count(*) FROM services_rendered AS done
         WHERE done.unit_id = unit.unit_id AND month >= :window_start AND month < :window_to) AS months
  FROM unit WHERE unit_id = :unit_id;

-- name: staff(unit_id)$
-- People at a unit; null where there is no such unit.
SELECT staff FROM unit WHERE unit_id = :unit_id;

-- name: put_services(unit_ids, months, services)!
-- Takes what units did in months; what stood for a unit and month before is replaced.
INSERT INTO services_rendered (unit_id, month, services)
SELECT unit_id, month, services FROM unnest(:unit_ids::text[], :months::date[], :services::bigint[]) AS new (unit_id, month, services)
ON CONFLICT (unit_id, month) DO UPDATE SET services = excluded.services;

-- name: add_complaint(complaint_id, unit_id, category, category_shown, filed_at, filed_on)!
-- What of a complaint may be counted.
INSERT INTO complaint (complaint_id, unit_id, category, category_shown, filed_at, filed_on)
VALUES (:complaint_id, :unit_id, :category, :category_shown, :filed_at, :filed_on);

-- name: add_words(complaint_id, subject, tracking_hash, text, place, happened_on)!
-- What was said, and by whom.
INSERT INTO complaint_words (complaint_id, subject, tracking_hash, text, place, happened_on)
VALUES (:complaint_id, :subject, :tracking_hash, :text, :place, :happened_on);

-- name: lock_complaint(complaint_id)^
-- A complaint, held until its answer is written.
SELECT unit_id, category, category_shown, filed_on, outcome FROM complaint WHERE complaint_id = :complaint_id FOR UPDATE;

-- name: resolve(complaint_id, outcome, resolved_at, resolved_on)!
-- Closes a complaint.
UPDATE complaint SET outcome = :outcome, resolved_at = :resolved_at, resolved_on = :resolved_on WHERE complaint_id = :complaint_id;

-- name: answer(complaint_id, answer)!
-- Keeps what the officer answered.
UPDATE complaint_words SET answer = :answer WHERE complaint_id = :complaint_id;

-- name: complaint(complaint_id)^
-- One complaint, whole, with who filed it.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, subject, text, place, happened_on, answer
  FROM complaint JOIN complaint_words USING (complaint_id) WHERE complaint_id = :complaint_id;

-- name: tracked_complaint(tracking_hash)^
-- The complaint that a tracking code opens, whole.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on, answer
  FROM complaint JOIN complaint_words USING (complaint_id) WHERE tracking_hash = :tracking_hash;

-- name: complaints_of_unit(unit_id, before, most)
-- Complaints about a unit, the newest first, without words.
SELECT complaint_id, unit_id, CASE WHEN category_shown THEN category END AS category, filed_on, outcome, resolved_on
  FROM complaint WHERE unit_id = :unit_id AND (:before::uuid IS NULL OR complaint_id < :before::uuid)
 ORDER BY complaint_id DESC LIMIT :most;

-- name: complaints_with_words(unit_id, before, most)
-- The same with what was said, for officers; of all units where none is named.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on, answer
  FROM complaint JOIN complaint_words USING (complaint_id)
 WHERE (:unit_id::text IS NULL OR unit_id = :unit_id::text) AND (:before::uuid IS NULL OR complaint_id < :before::uuid)
 ORDER BY complaint_id DESC LIMIT :most;

-- name: open_complaints_with_words(unit_id, after, most)
-- The officers' queue: what nobody has answered, the oldest first.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on, answer
  FROM complaint JOIN complaint_words USING (complaint_id)
 WHERE outcome IS NULL
   AND (:unit_id::text IS NULL OR unit_id = :unit_id::text) AND (:after::uuid IS NULL OR complaint_id > :after::uuid)
 ORDER BY complaint_id LIMIT :most;

-- name: complaints_of_person(subject, before, most)
-- What a person filed under their name, the newest first.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on, answer
  FROM complaint_words JOIN complaint USING (complaint_id)
 WHERE subject = :subject AND (:before::uuid IS NULL OR complaint_id < :before::uuid)
 ORDER BY complaint_id DESC LIMIT :most;

-- name: counts_by_month(unit_id, window_start, window_to)
-- A unit's complaints by month and category as the public sees it; null: not shown.
SELECT date_trunc('month', filed_on)::date AS month, CASE WHEN category_shown THEN category END AS category, count(*)::integer AS complaints
  FROM complaint WHERE unit_id = :unit_id AND filed_on >= :window_start AND filed_on < :window_to
 GROUP BY 1, 2 ORDER BY 1, 2;

-- name: counting_complaints_of_unit(unit_id, window_start, window_to)
-- A unit's complaints by category that count towards flags.
SELECT category, count(*)::integer AS complaints
  FROM complaint
 WHERE unit_id = :unit_id AND filed_on >= :window_start AND filed_on < :window_to AND (outcome IS NULL OR outcome = 'upheld')
 GROUP BY category;

-- name: owe_assessment()!
-- Sets the mark.
INSERT INTO public.assessment_owed DEFAULT VALUES;

-- name: is_assessment_owed(today)$
-- Whether there is anything to do: a mark, or a day on which no assessment was made yet.
SELECT EXISTS (SELECT FROM public.assessment_owed) OR NOT EXISTS (SELECT FROM public.assessment WHERE assessed_on >= :today);

-- name: take_the_assessment()!
-- One assessment at a time, whichever worker makes it.
SELECT pg_advisory_xact_lock(hashtext('feedback.assessment'));

-- name: clear_marks()!
-- Removes the marks that are there; what is set from here on is seen by the next assessment.
DELETE FROM public.assessment_owed;

-- name: units_with_counts(window_start, window_to)
-- All units with their services, months reported and complaints that count, by category, in a
-- window.
WITH done AS (
    SELECT unit_id, sum(services)::bigint AS services, count(*)::integer AS months
      FROM services_rendered WHERE month >= :window_start AND month < :window_to GROUP BY unit_id
), heard AS (
    SELECT unit_id, jsonb_object_agg(category, complaints) AS complaints
      FROM (SELECT unit_id, category, count(*) AS complaints
              FROM complaint
             WHERE filed_on >= :window_start AND filed_on < :window_to AND (outcome IS NULL OR outcome = 'upheld')
             GROUP BY unit_id, category) AS by_category
     GROUP BY unit_id
)
SELECT unit_id, staff, coalesce(services, 0) AS services, coalesce(months, 0) AS months, coalesce(complaints, '{}') AS complaints
  FROM unit LEFT JOIN done USING (unit_id) LEFT JOIN heard USING (unit_id)
 ORDER BY unit_id;

-- name: open_flags()
-- Every flag that stands.
SELECT unit_id, kind FROM flag WHERE cleared_at IS NULL;

-- name: raise_flags(unit_ids, kinds, at, figures)!
-- Raises flags.
INSERT INTO flag (unit_id, kind, flagged_at, flagged_figures)
SELECT unit_id, kind, :at, figures FROM unnest(:unit_ids::text[], :kinds::text[], :figures::jsonb[]) AS new (unit_id, kind, figures);

-- name: clear_flags(unit_ids, kinds, at, figures)!
-- Lowers flags; they stay as history.
UPDATE flag SET cleared_at = :at, cleared_figures = gone.figures
  FROM unnest(:unit_ids::text[], :kinds::text[], :figures::jsonb[]) AS gone (unit_id, kind, figures)
 WHERE flag.unit_id = gone.unit_id AND flag.kind = gone.kind AND cleared_at IS NULL;

-- name: keep_assessment(assessed_on, assessed_at, norms)!
-- Keeps the province's sums.
INSERT INTO public.assessment (assessed_on, assessed_at, norms) VALUES (:assessed_on, :assessed_at, :norms)
ON CONFLICT (only_row) DO UPDATE SET assessed_on = excluded.assessed_on, assessed_at = excluded.assessed_at, norms = excluded.norms;

-- name: last_assessment()^
-- The province's sums, and when they were made.
SELECT assessed_at, norms FROM public.assessment;

-- name: flags_of_units(unit_ids)
-- The flags that stand for these units.
SELECT unit_id, kind, flagged_at, flagged_figures FROM flag
 WHERE unit_id = ANY (:unit_ids::text[]) AND cleared_at IS NULL ORDER BY unit_id, id;

-- name: past_flags(unit_id, most)
-- A unit's flags that were lowered, the last first.
SELECT kind, flagged_at, flagged_figures, cleared_at, cleared_figures FROM flag
 WHERE unit_id = :unit_id AND cleared_at IS NOT NULL ORDER BY id DESC LIMIT :most;

-- name: units(after, flagged, most)
-- Units by id; only those with or without a flag where that is asked.
SELECT unit_id, path FROM unit
 WHERE (:after::text IS NULL OR unit_id > :after::text)
   AND (:flagged::boolean IS NULL
        OR :flagged::boolean = EXISTS (SELECT FROM flag WHERE flag.unit_id = unit.unit_id AND cleared_at IS NULL))
 ORDER BY unit_id LIMIT :most;

-- name: restore_complaint(complaint_id, unit_id, category, category_shown, filed_at, filed_on)$
-- A complaint out of the log; whether it was lacking.
INSERT INTO complaint (complaint_id, unit_id, category, category_shown, filed_at, filed_on)
VALUES (:complaint_id, :unit_id, :category, :category_shown, :filed_at, :filed_on)
ON CONFLICT DO NOTHING RETURNING true;

-- name: restore_resolution(complaint_id, outcome, resolved_at, days)$
-- An answer out of the log; whether the complaint still waited for one.
UPDATE complaint SET outcome = :outcome, resolved_at = :resolved_at, resolved_on = filed_on + :days::integer
 WHERE complaint_id = :complaint_id AND outcome IS NULL RETURNING true;

-- name: restore_flag(unit_id, kind, at, figures)!
-- A flag out of the log, unless it stands already.
INSERT INTO flag (unit_id, kind, flagged_at, flagged_figures) VALUES (:unit_id, :kind, :at, :figures)
ON CONFLICT (unit_id, kind) WHERE cleared_at IS NULL DO NOTHING;
