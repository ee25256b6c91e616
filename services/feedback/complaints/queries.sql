-- name: insert_complaint(complaint_id, unit_id, category, category_shown, filed_at, filed_on)!
-- What of a complaint may be counted.
INSERT INTO complaint (complaint_id, unit_id, category, category_shown, filed_at, filed_on)
VALUES (:complaint_id, :unit_id, :category, :category_shown, :filed_at, :filed_on);

-- name: insert_words(complaint_id, subject, tracking_hash, text, place, happened_on)!
-- What was said, and by whom.
INSERT INTO complaint_words (complaint_id, subject, tracking_hash, text, place, happened_on)
VALUES (:complaint_id, :subject, :tracking_hash, :text, :place, :happened_on);

-- name: lock_complaint(complaint_id)^
-- A complaint, held until its answer is written.
SELECT unit_id, category, category_shown, filed_on, outcome FROM complaint
    WHERE complaint_id = :complaint_id FOR UPDATE;

-- name: close_complaint(complaint_id, outcome, resolved_at, resolved_on)!
-- How a complaint ended.
UPDATE complaint SET outcome = :outcome, resolved_at = :resolved_at, resolved_on = :resolved_on
    WHERE complaint_id = :complaint_id;

-- name: keep_answer(complaint_id, answer)!
-- What the officer answered.
UPDATE complaint_words SET answer = :answer WHERE complaint_id = :complaint_id;

-- name: complaint(complaint_id)^
-- One complaint, whole, with who filed it.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, subject, text, place,
    happened_on, answer
  FROM complaint JOIN complaint_words USING (complaint_id) WHERE complaint_id = :complaint_id;

-- name: tracked_complaint(tracking_hash)^
-- The complaint that a tracking code opens, whole.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on,
    answer
  FROM complaint JOIN complaint_words USING (complaint_id) WHERE tracking_hash = :tracking_hash;

-- name: complaints_of_unit(unit_id, before, most)
-- Complaints about a unit, the newest first, without words.
SELECT complaint_id, unit_id, CASE WHEN category_shown THEN category END AS category, filed_on,
    outcome, resolved_on
  FROM complaint
 WHERE unit_id = :unit_id AND (:before::uuid IS NULL OR complaint_id < :before::uuid)
 ORDER BY complaint_id DESC LIMIT :most;

-- name: complaints_with_words(unit_id, before, most)
-- The same with what was said, for officers; of all units where none is named.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on,
    answer
  FROM complaint JOIN complaint_words USING (complaint_id)
 WHERE (:unit_id::text IS NULL OR unit_id = :unit_id::text)
     AND (:before::uuid IS NULL OR complaint_id < :before::uuid)
 ORDER BY complaint_id DESC LIMIT :most;

-- name: open_complaints_with_words(unit_id, after, most)
-- The officers' queue: what nobody has answered, the oldest first.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on,
    answer
  FROM complaint JOIN complaint_words USING (complaint_id)
 WHERE outcome IS NULL
   AND (:unit_id::text IS NULL OR unit_id = :unit_id::text)
       AND (:after::uuid IS NULL OR complaint_id > :after::uuid)
 ORDER BY complaint_id LIMIT :most;

-- name: complaints_of_person(subject, before, most)
-- What a person filed under their name, the newest first.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on,
    answer
  FROM complaint_words JOIN complaint USING (complaint_id)
 WHERE subject = :subject AND (:before::uuid IS NULL OR complaint_id < :before::uuid)
 ORDER BY complaint_id DESC LIMIT :most;

-- name: restore_complaint(complaint_id, unit_id, category, category_shown, filed_at, filed_on)$
-- A complaint out of the log; whether it was lacking.
INSERT INTO complaint (complaint_id, unit_id, category, category_shown, filed_at, filed_on)
VALUES (:complaint_id, :unit_id, :category, :category_shown, :filed_at, :filed_on)
ON CONFLICT DO NOTHING RETURNING true;

-- name: restore_resolution(complaint_id, outcome, resolved_at, days)$
-- An answer out of the log; whether the complaint still waited for one.
UPDATE complaint SET outcome = :outcome, resolved_at = :resolved_at,
    resolved_on = filed_on + :days::integer
 WHERE complaint_id = :complaint_id AND outcome IS NULL RETURNING true;
