-- name: lock_units()!
-- One import at a time: what is compared stays as it is until the end.
LOCK TABLE units IN SHARE ROW EXCLUSIVE MODE;

-- name: units_by_id_or_path(unit_ids, path_keys)
-- The units that have one of these ids or one of these paths.
SELECT unit_id, path, staff FROM units WHERE unit_id = ANY(:unit_ids::text[]) OR path_key = ANY(:path_keys::text[]);

-- name: keep_units(unit_ids, paths, path_keys, staff)!
-- New units, and what changed of those known.
INSERT INTO units (unit_id, path, path_key, staff)
SELECT * FROM unnest(:unit_ids::text[], :paths::text[], :path_keys::text[], :staff::integer[])
ON CONFLICT (unit_id) DO UPDATE SET path = excluded.path, path_key = excluded.path_key, staff = excluded.staff;

-- name: page_of_units(after, limit)
-- Units in order of id.
SELECT unit_id, path, staff FROM units WHERE unit_id > :after ORDER BY unit_id LIMIT :limit;

-- name: open_round(round_id, name, policy_id, policy_version, policy, policy_hash, seed, decreed_seats, opens, closes, at)$
-- A new round; nothing where the id is taken.
INSERT INTO rounds (round_id, name, policy_id, policy_version, policy, policy_hash, seed, decreed_seats,
                    registration_opens, registration_closes, opened_at)
VALUES (:round_id, :name, :policy_id, :policy_version, :policy, :policy_hash, :seed, :decreed_seats, :opens, :closes, :at)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: lock_round(round_id)^
-- The round, held until the transaction ends: its draft, publishing and closing wait for each
-- other.
SELECT round_id, policy, decreed_seats, published_at, closed_at FROM rounds WHERE round_id = :round_id FOR UPDATE;

-- name: round_by_id(round_id)^
-- One round, with how many vacancies and seats it has imported so far.
SELECT round.*, tally.vacancies, tally.seats
  FROM rounds AS round,
       LATERAL (SELECT count(*) AS vacancies, coalesce(sum(seats), 0) AS seats FROM vacancies WHERE round_id = round.round_id) AS tally
 WHERE round_id = :round_id;

-- name: page_of_rounds(after, limit)
-- Rounds in order of id, with the same.
SELECT round.*, tally.vacancies, tally.seats
  FROM rounds AS round,
       LATERAL (SELECT count(*) AS vacancies, coalesce(sum(seats), 0) AS seats FROM vacancies WHERE round_id = round.round_id) AS tally
 WHERE round_id > :after
 ORDER BY round_id
 LIMIT :limit;

-- name: lock_listing_ids()!
-- One import of vacancies at a time: whether another round used a listing id stays as it is until
-- the end.
SELECT pg_advisory_xact_lock(hashtext('vacancies'));

-- name: listing_ids_used(round_id, listing_ids)
-- Those of these ids that are the vacancy id in another round.
SELECT vacancy_id FROM vacancies WHERE vacancy_id = ANY(:listing_ids::text[]) AND round_id <> :round_id;

-- name: drop_draft(round_id)!
-- Takes away what an earlier import left.
DELETE FROM vacancies WHERE round_id = :round_id AND NOT published;

-- name: keep_draft(round_id, vacancy_ids, listing_ids, numbers, agencies, posts, unit_ids, needs, seats, disabled, pay_min, pay_max, education)!
-- The vacancies of a round before they are published; `education` comes as JSON texts.
INSERT INTO vacancies (round_id, vacancy_id, listing_id, number, agency, post, unit_id, need, seats, open_to_disabled, pay_min, pay_max, education)
SELECT :round_id, vacancy_id, listing_id, number, agency, post, unit_id, need, seats, disabled, pay_min, pay_max, education::jsonb
  FROM unnest(:vacancy_ids::text[], :listing_ids::text[], :numbers::integer[], :agencies::text[], :posts::text[], :unit_ids::text[],
              :needs::text[], :seats::integer[], :disabled::boolean[], :pay_min::integer[], :pay_max::integer[], :education::text[])
       AS draft (vacancy_id, listing_id, number, agency, post, unit_id, need, seats, disabled, pay_min, pay_max, education);

-- name: publish_vacancies(round_id)
-- All vacancies of the round, from now on public, with the path of their unit.
WITH published AS (UPDATE vacancies SET published = true WHERE round_id = :round_id RETURNING *)
SELECT published.*, unit.path AS unit_path FROM published JOIN units AS unit USING (unit_id) ORDER BY number;

-- name: note_published(round_id, at)!
-- The round's vacancies are public since then.
UPDATE rounds SET published_at = :at WHERE round_id = :round_id;

-- name: page_of_vacancies(round_id, drafts, after, limit)
-- Vacancies of a round in order of number; drafts only where asked for.
SELECT vacancy.*, unit.path AS unit_path
  FROM vacancies AS vacancy JOIN units AS unit USING (unit_id)
 WHERE round_id = :round_id AND (published OR :drafts) AND number > :after
 ORDER BY number
 LIMIT :limit;

-- name: close_vacancies(round_id)
-- Locks the round's vacancies, in one order, against registrations under way, and closes them.
WITH locked AS (SELECT vacancy_id FROM vacancies WHERE round_id = :round_id ORDER BY vacancy_id FOR UPDATE)
UPDATE vacancies AS vacancy SET closed = true FROM locked WHERE vacancy.vacancy_id = locked.vacancy_id
RETURNING vacancy.vacancy_id, vacancy.number, vacancy.submitted;

-- name: note_closed(round_id, at)!
-- Registration of the round is closed since then.
UPDATE rounds SET closed_at = :at WHERE round_id = :round_id;

-- name: closed_counts(round_id)^
-- How many applied in a round, and for how many vacancies.
SELECT count(*) AS vacancies, coalesce(sum(submitted), 0) AS submitted FROM vacancies WHERE round_id = :round_id;

-- name: take_number(vacancy_id)^
-- Locks a public vacancy and takes its next participant number; a transaction undone gives it back.
UPDATE vacancies AS vacancy SET submitted = submitted + 1
  FROM rounds AS round
 WHERE vacancy_id = :vacancy_id AND published AND round.round_id = vacancy.round_id
RETURNING vacancy.round_id, vacancy.number, vacancy.submitted, vacancy.closed, vacancy.education,
          round.registration_opens, round.registration_closes;

-- name: add_application(vacancy_id, participant_no, round_id, subject, education_level, education_programme, gpa, birth_date, experience, at)$
-- The application and who it is; nothing where the person has one in the round.
WITH person AS (
    INSERT INTO applications_personal (vacancy_id, participant_no, round_id, subject, education_level, education_programme,
                                       gpa, birth_date, relevant_experience_months)
    VALUES (:vacancy_id, :participant_no, :round_id, :subject, :education_level, :education_programme, :gpa, :birth_date, :experience)
    ON CONFLICT (subject, round_id) DO NOTHING
    RETURNING vacancy_id, participant_no, round_id
)
INSERT INTO applications (vacancy_id, participant_no, round_id, submitted_at)
SELECT vacancy_id, participant_no, round_id, :at FROM person
RETURNING true;

-- name: number_in_round(subject, round_id)$
-- The participant number that a person has in a round.
SELECT participant_no FROM applications_personal WHERE subject = :subject AND round_id = :round_id;

-- name: lock_application(vacancy_id, participant_no)^
-- One application and whose it is, held until the transaction ends.
SELECT application.round_id, application.status, application.reasons, application.decided_at, application.withdrawn_at, personal.subject
  FROM applications AS application LEFT JOIN applications_personal AS personal USING (vacancy_id, participant_no)
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no
   FOR UPDATE OF application;

-- name: keep_decision(vacancy_id, participant_no, status, reasons, note, at)!
-- MS or TMS, and the verifier's note beside the personal facts.
WITH noted AS (
    UPDATE applications_personal SET note = :note
     WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no AND :note <> ''
)
UPDATE applications SET status = :status, reasons = :reasons, decided_at = :at
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: keep_withdrawal(vacancy_id, participant_no, at)!
-- Taken back by its applicant.
UPDATE applications SET status = 'withdrawn', withdrawn_at = :at WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: final_list_is_closed(vacancy_id, participant_no)$
-- Whether ranking fixed the last list of the vacancy's policy, or has given this candidate a seat.
SELECT EXISTS (SELECT FROM results WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no AND selected)
    OR EXISTS (SELECT FROM closed_lists AS closed JOIN vacancies USING (vacancy_id) JOIN rounds AS round USING (round_id)
                WHERE closed.vacancy_id = :vacancy_id AND closed.list = round.policy->'lists'->-1->>'code');

-- name: page_of_applications(vacancy_id, after, limit)
-- Applications for a vacancy in order of participant number.
SELECT participant_no, status, reasons, submitted_at, decided_at, withdrawn_at
  FROM applications
 WHERE vacancy_id = :vacancy_id AND participant_no > :after
 ORDER BY participant_no
 LIMIT :limit;

-- name: page_of_queue(vacancy_id, status, after, limit)
-- The same of one status, along the index of the queue.
SELECT participant_no, status, reasons, submitted_at, decided_at, withdrawn_at
  FROM applications
 WHERE vacancy_id = :vacancy_id AND status = :status AND participant_no > :after
 ORDER BY participant_no
 LIMIT :limit;

-- name: vacancy_is_public(vacancy_id)$
-- Whether there is such a vacancy for anyone but those who prepare it.
SELECT published FROM vacancies WHERE vacancy_id = :vacancy_id;

-- name: one_application(vacancy_id, participant_no)^
-- All that is known of one application.
SELECT * FROM application_details WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: applications_of(subject)
-- All that is known of a person's applications, the newest first.
SELECT * FROM application_details WHERE subject = :subject ORDER BY submitted_at DESC, round_id;

-- name: results_of(vacancy_ids, participant_nos)
-- What ranking said of these candidates, list by list.
SELECT vacancy_id, participant_no, list, selected, rank, score, code, at
  FROM results
 WHERE (vacancy_id, participant_no) IN (SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[])) AND NOT revoked
 ORDER BY at, list;

-- name: closed_lists_of(vacancy_ids)
-- The lists of these vacancies that ranking fixed.
SELECT vacancy_id, list, at FROM closed_lists WHERE vacancy_id = ANY(:vacancy_ids::text[]) ORDER BY at, list;

-- name: keep_results(vacancy_ids, participant_nos, lists, selected, ranks, scores, codes, ats, sequences)!
-- What ranking said of candidates; only newer overwrites.
INSERT INTO results (vacancy_id, participant_no, list, selected, rank, score, code, at, sequence)
SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :lists::text[], :selected::boolean[], :ranks::integer[],
                     :scores::numeric[], :codes::text[], :ats::timestamptz[], :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no, list) DO UPDATE
   SET selected = excluded.selected, rank = excluded.rank, score = excluded.score, code = excluded.code, at = excluded.at,
       sequence = excluded.sequence, revoked = false
 WHERE excluded.sequence > results.sequence;

-- name: revoke_results(vacancy_ids, participant_nos, lists, codes, ats, sequences)!
-- What ranking took back; only newer overwrites.
INSERT INTO results (vacancy_id, participant_no, list, selected, code, at, sequence, revoked)
SELECT vacancy_id, participant_no, list, false, code, at, sequence, true
  FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :lists::text[], :codes::text[], :ats::timestamptz[], :sequences::bigint[])
    AS new (vacancy_id, participant_no, list, code, at, sequence)
ON CONFLICT (vacancy_id, participant_no, list) DO UPDATE
   SET selected = false, rank = NULL, score = NULL, code = excluded.code, at = excluded.at, sequence = excluded.sequence, revoked = true
 WHERE excluded.sequence > results.sequence;

-- name: keep_closed_lists(vacancy_ids, lists, ats, sequences)!
-- Lists that ranking fixed; only newer overwrites.
INSERT INTO closed_lists (vacancy_id, list, at, sequence)
SELECT * FROM unnest(:vacancy_ids::text[], :lists::text[], :ats::timestamptz[], :sequences::bigint[])
ON CONFLICT (vacancy_id, list) DO UPDATE SET at = excluded.at, sequence = excluded.sequence
 WHERE excluded.sequence > closed_lists.sequence;

-- name: restore_rounds(round_ids, names, policy_ids, policy_versions, policies, policy_hashes, seeds, decreed_seats, opens, closes, ats)!
-- Rounds that only the log remembers; `policies` are JSON texts.
INSERT INTO rounds (round_id, name, policy_id, policy_version, policy, policy_hash, seed, decreed_seats,
                    registration_opens, registration_closes, opened_at)
SELECT round_id, name, policy_id, policy_version, policy::jsonb, policy_hash, seed, decreed_seats, opens, closes, at
  FROM unnest(:round_ids::text[], :names::text[], :policy_ids::text[], :policy_versions::text[], :policies::text[], :policy_hashes::text[],
              :seeds::text[], :decreed_seats::integer[], :opens::timestamptz[], :closes::timestamptz[], :ats::timestamptz[])
       AS round (round_id, name, policy_id, policy_version, policy, policy_hash, seed, decreed_seats, opens, closes, at)
ON CONFLICT DO NOTHING;

-- name: mark_published(vacancy_ids)!
-- These vacancies are public.
UPDATE vacancies SET published = true WHERE vacancy_id = ANY(:vacancy_ids::text[]);

-- name: restore_application(vacancy_id, participant_no, round_id, at)$
-- An application that only the log remembers; nothing where its number is in use.
INSERT INTO applications (vacancy_id, participant_no, round_id, submitted_at)
VALUES (:vacancy_id, :participant_no, :round_id, :at)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: restore_facts(vacancy_id, participant_no, round_id, education_level, gpa, birth_date, experience, priority)!
-- What such an application's unknown person stated; a person who is known keeps their own.
INSERT INTO applications_personal (vacancy_id, participant_no, round_id, education_level, gpa, birth_date, relevant_experience_months, priority)
SELECT vacancy_id, participant_no, :round_id, :education_level, :gpa, :birth_date, :experience, :priority
  FROM applications WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no
ON CONFLICT DO NOTHING;

-- name: restore_status(vacancy_id, participant_no, status, reasons, decided_at, withdrawn_at)!
-- What was decided, or taken back, after the backup.
UPDATE applications
   SET status = :status, reasons = coalesce(:reasons::text[], reasons), decided_at = coalesce(:decided_at, decided_at),
       withdrawn_at = coalesce(:withdrawn_at, withdrawn_at)
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: push_counters(vacancy_ids, numbers)
-- Participant numbers go on above these; returns each counter that moved.
UPDATE vacancies AS vacancy SET submitted = shown.number
  FROM unnest(:vacancy_ids::text[], :numbers::integer[]) AS shown (vacancy_id, number)
 WHERE vacancy.vacancy_id = shown.vacancy_id AND vacancy.submitted < shown.number
RETURNING vacancy.vacancy_id, shown.number;

-- name: restore_closed(vacancy_ids, round_ids, at)!
-- Registration of these is closed.
WITH closed AS (UPDATE vacancies SET closed = true WHERE vacancy_id = ANY(:vacancy_ids::text[]))
UPDATE rounds SET closed_at = coalesce(closed_at, :at) WHERE round_id = ANY(:round_ids::text[]);
