-- name: insert_complaint(complaint_id, unit_id, category, category_shown, filed_on)!
-- What of a complaint may be counted, once it is stated.
INSERT INTO complaint (complaint_id, unit_id, category, category_shown, filed_on)
VALUES (:complaint_id, :unit_id, :category, :category_shown, :filed_on);

-- name: insert_words(complaint_id, subject, tracking_hash, text, place, happened_on)!
-- What was said, and by whom.
INSERT INTO complaint_words (complaint_id, subject, tracking_hash, text, place, happened_on)
VALUES (:complaint_id, :subject, :tracking_hash, :text, :place, :happened_on);

-- name: lock_complaint(complaint_id)^
-- A complaint, held until its answer is written.
SELECT filed_on, outcome FROM complaint WHERE complaint_id = :complaint_id FOR UPDATE;

-- name: close_complaint(complaint_id, outcome, resolved_on)!
-- How a complaint ended.
UPDATE complaint SET outcome = :outcome, resolved_on = :resolved_on
    WHERE complaint_id = :complaint_id;

-- name: keep_answer(complaint_id, answer)!
-- What the officer answered.
UPDATE complaint_words SET answer = :answer WHERE complaint_id = :complaint_id;

-- name: lock_statement(today)$
-- Holds the statement of finished days for this transaction; null where it was made today. A day
-- beyond tomorrow is that of a wrong clock; tomorrow may be the day of another worker's.
SELECT true FROM complaints_stated
 WHERE stated_on < :today OR stated_on > :today::date + 1 FOR UPDATE;

-- name: take_filed(today, most)
-- Marks complaints of days before this one as stated, day after day, those of a day in any order.
-- Their words are written anew with them: PostgreSQL then knows both by this transaction, not by
-- the one in which they came.
WITH due AS (
    SELECT complaint_id FROM complaint WHERE NOT stated AND filed_on < :today
     ORDER BY filed_on, gen_random_uuid() LIMIT :most FOR UPDATE
), rewritten AS (
    UPDATE complaint_words SET text = text FROM due
     WHERE complaint_words.complaint_id = due.complaint_id
), taken AS (
    UPDATE complaint SET stated = true FROM due
     WHERE complaint.complaint_id = due.complaint_id
    RETURNING complaint.complaint_id, unit_id, category, category_shown, filed_on
)
SELECT complaint_id, unit_id, CASE WHEN category_shown THEN category END AS category, filed_on
  FROM taken ORDER BY filed_on, gen_random_uuid();

-- name: take_answered(today, most)
-- The same for answers to complaints that were stated.
WITH due AS (
    SELECT complaint_id FROM complaint
     WHERE stated AND outcome IS NOT NULL AND NOT answer_stated AND resolved_on < :today
     ORDER BY resolved_on, gen_random_uuid() LIMIT :most FOR UPDATE
), taken AS (
    UPDATE complaint SET answer_stated = true FROM due
     WHERE complaint.complaint_id = due.complaint_id
    RETURNING complaint.complaint_id, unit_id, category, category_shown, filed_on, outcome,
        resolved_on
)
SELECT complaint_id, unit_id, CASE WHEN category_shown THEN category END AS category, filed_on,
    outcome, resolved_on
  FROM taken ORDER BY resolved_on, gen_random_uuid();

-- name: keep_statement(today)!
-- All that is due was stated on this day: the next statement is another day's.
UPDATE complaints_stated SET stated_on = :today;

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

-- name: complaints_of_unit(unit_id, before_day, before, most)
-- Complaints about a unit as far as they were stated, the newest day first, without words.
SELECT complaint_id, unit_id, CASE WHEN category_shown THEN category END AS category, filed_on,
    CASE WHEN answer_stated THEN outcome END AS outcome,
    CASE WHEN answer_stated THEN resolved_on END AS resolved_on
  FROM complaint
 WHERE unit_id = :unit_id AND stated
   AND (:before::uuid IS NULL OR (filed_on, complaint_id) < (:before_day::date, :before::uuid))
 ORDER BY filed_on DESC, complaint_id DESC LIMIT :most;

-- name: complaints_with_words(unit_id, before_day, before, most)
-- All of them with what was said, for officers; of all units where none is named.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on,
    answer
  FROM complaint JOIN complaint_words USING (complaint_id)
 WHERE (:unit_id::text IS NULL OR unit_id = :unit_id::text)
   AND (:before::uuid IS NULL OR (filed_on, complaint_id) < (:before_day::date, :before::uuid))
 ORDER BY filed_on DESC, complaint_id DESC LIMIT :most;

-- name: open_complaints_with_words(unit_id, after_day, after, most)
-- The officers' queue: what nobody has answered, the oldest day first.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on,
    answer
  FROM complaint JOIN complaint_words USING (complaint_id)
 WHERE outcome IS NULL
   AND (:unit_id::text IS NULL OR unit_id = :unit_id::text)
   AND (:after::uuid IS NULL OR (filed_on, complaint_id) > (:after_day::date, :after::uuid))
 ORDER BY filed_on, complaint_id LIMIT :most;

-- name: complaints_of_person(subject, before_day, before, most)
-- What a person filed under their name, the newest day first.
SELECT complaint_id, unit_id, category, filed_on, outcome, resolved_on, text, place, happened_on,
    answer
  FROM complaint_words JOIN complaint USING (complaint_id)
 WHERE subject = :subject
   AND (:before::uuid IS NULL OR (filed_on, complaint_id) < (:before_day::date, :before::uuid))
 ORDER BY filed_on DESC, complaint_id DESC LIMIT :most;

-- name: restore_complaint(complaint_id, unit_id, category, category_shown, filed_on)$
-- A complaint out of the log, where it was stated; whether the database knew no more than its
-- filing, or nothing: `new`, `stated`, or null.
INSERT INTO complaint AS known
    (complaint_id, unit_id, category, category_shown, filed_on, stated)
VALUES (:complaint_id, :unit_id, :category, :category_shown, :filed_on, true)
ON CONFLICT (complaint_id) DO UPDATE SET stated = true WHERE NOT known.stated
RETURNING CASE WHEN xmax = 0 THEN 'new' ELSE 'stated' END;

-- name: restore_resolution(complaint_id, outcome, days)$
-- An answer out of the log, where it was stated; whether the complaint waited for one or for this
-- one's statement.
UPDATE complaint SET outcome = :outcome, resolved_on = filed_on + :days::integer,
    answer_stated = true
 WHERE complaint_id = :complaint_id AND NOT answer_stated
   AND (outcome IS NULL OR outcome = :outcome)
RETURNING true;
