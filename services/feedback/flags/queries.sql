-- name: is_assessment_owed(today)$
-- Whether there is a mark, or no assessment was made yet today. A day beyond tomorrow is that of a
-- wrong clock; tomorrow may be the day of another worker's.
SELECT EXISTS (SELECT FROM public.assessment_owed)
    OR NOT EXISTS (SELECT FROM public.assessment
                    WHERE assessed_on BETWEEN :today::date AND :today::date + 1);

-- name: lock_assessment()!
-- One assessment at a time, in all workers.
SELECT pg_advisory_xact_lock(hashtext('feedback.assessment'));

-- name: clear_marks()!
-- Removes the marks that are there; what is set from here on is seen by the next assessment.
DELETE FROM public.assessment_owed;

-- name: units_with_counts(window_start, window_to)
-- All units with their services, months reported and complaints that count, by category as the
-- public sees it, in a window; only what was stated.
WITH done AS (
    SELECT unit_id, sum(services)::bigint AS services, count(*)::integer AS months
      FROM services_rendered WHERE month >= :window_start AND month < :window_to GROUP BY unit_id
), complained AS (
    SELECT unit_id, jsonb_object_agg(category, complaints) AS complaints
      FROM (SELECT unit_id, CASE WHEN category_shown THEN category ELSE 'hidden' END AS category,
                count(*) AS complaints
              FROM complaint
             WHERE stated AND filed_on >= :window_start AND filed_on < :window_to
                 AND (NOT answer_stated OR outcome = 'upheld')
             GROUP BY 1, 2) AS by_category
     GROUP BY unit_id
)
SELECT unit_id, staff, coalesce(services, 0) AS services, coalesce(months, 0) AS months,
    coalesce(complaints, '{}') AS complaints
  FROM unit LEFT JOIN done USING (unit_id) LEFT JOIN complained USING (unit_id)
 ORDER BY unit_id;

-- name: open_flags()
-- Every flag that stands.
SELECT unit_id, kind FROM flag WHERE cleared_at IS NULL;

-- name: raise_flags(unit_ids, kinds, at, figures)!
-- Raises flags.
INSERT INTO flag (unit_id, kind, flagged_at, flagged_figures)
SELECT unit_id, kind, :at, figures FROM unnest(:unit_ids::text[], :kinds::text[], :figures::jsonb[])
    AS new (unit_id, kind, figures);

-- name: clear_flags(unit_ids, kinds, at, figures)!
-- Lowers flags; they stay as history.
UPDATE flag SET cleared_at = :at, cleared_figures = gone.figures
  FROM unnest(:unit_ids::text[], :kinds::text[], :figures::jsonb[]) AS gone (unit_id, kind, figures)
 WHERE flag.unit_id = gone.unit_id AND flag.kind = gone.kind AND cleared_at IS NULL;

-- name: keep_assessment(assessed_on, assessed_at, norms)!
-- Keeps the province's sums.
INSERT INTO public.assessment (assessed_on, assessed_at, norms)
    VALUES (:assessed_on, :assessed_at, :norms)
ON CONFLICT (only_row) DO UPDATE SET assessed_on = excluded.assessed_on,
    assessed_at = excluded.assessed_at, norms = excluded.norms;

-- name: last_assessment()^
-- The province's sums, and when they were made.
SELECT assessed_at, norms FROM public.assessment;

-- name: units(after, flagged, most)
-- Units by id; only those with or without a flag where that is asked.
SELECT unit_id, path FROM unit
 WHERE (:after::text IS NULL OR unit_id > :after::text)
   AND (:flagged::boolean IS NULL
        OR :flagged::boolean = EXISTS (SELECT FROM flag
            WHERE flag.unit_id = unit.unit_id AND cleared_at IS NULL))
 ORDER BY unit_id LIMIT :most;

-- name: unit(unit_id, window_start, window_to)^
-- One unit with its services in a window and how many months of it were reported.
SELECT unit_id, path, staff,
       (SELECT coalesce(sum(services), 0)::bigint FROM services_rendered AS done
         WHERE done.unit_id = unit.unit_id AND month >= :window_start
             AND month < :window_to) AS services,
       (SELECT count(*) FROM services_rendered AS done
         WHERE done.unit_id = unit.unit_id AND month >= :window_start
             AND month < :window_to) AS months
  FROM unit WHERE unit_id = :unit_id;

-- name: counting_complaints_of_unit(unit_id, window_start, window_to)
-- The same of one unit.
SELECT CASE WHEN category_shown THEN category ELSE 'hidden' END AS category,
    count(*)::integer AS complaints
  FROM complaint
 WHERE unit_id = :unit_id AND stated AND filed_on >= :window_start AND filed_on < :window_to
     AND (NOT answer_stated OR outcome = 'upheld')
 GROUP BY 1;

-- name: counts_by_month(unit_id, window_start, window_to)
-- A unit's complaints by month and category as the public sees it; null: not shown.
SELECT date_trunc('month', filed_on)::date AS month,
       CASE WHEN category_shown THEN category END AS category,
       count(*)::integer AS complaints
  FROM complaint
 WHERE unit_id = :unit_id AND stated AND filed_on >= :window_start AND filed_on < :window_to
 GROUP BY 1, 2 ORDER BY 1, 2;

-- name: flags_of_units(unit_ids)
-- The flags that stand for these units.
SELECT unit_id, kind, flagged_at, flagged_figures FROM flag
 WHERE unit_id = ANY (:unit_ids::text[]) AND cleared_at IS NULL ORDER BY unit_id, id;

-- name: past_flags(unit_id, most)
-- A unit's flags that were lowered, the last first.
SELECT kind, flagged_at, flagged_figures, cleared_at, cleared_figures FROM flag
 WHERE unit_id = :unit_id AND cleared_at IS NOT NULL ORDER BY id DESC LIMIT :most;

-- name: restore_flag(unit_id, kind, at, figures)!
-- A flag out of the log, unless it stands already.
INSERT INTO flag (unit_id, kind, flagged_at, flagged_figures)
    VALUES (:unit_id, :kind, :at, :figures)
ON CONFLICT (unit_id, kind) WHERE cleared_at IS NULL DO NOTHING;
