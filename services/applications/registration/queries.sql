-- name: take_number(vacancy_id)^
-- Locks a public vacancy and takes its next participant number; a transaction that is undone gives
-- it back.
UPDATE vacancies AS vacancy SET submitted = submitted + 1
  FROM rounds AS round
 WHERE vacancy_id = :vacancy_id AND published AND round.round_id = vacancy.round_id
RETURNING vacancy.round_id, vacancy.number, vacancy.submitted, vacancy.closed, vacancy.education,
          round.registration_opens, round.registration_closes;

-- name: add_application(vacancy_id, participant_no, round_id, subject, account, education_level,
--       education_programme, gpa, birth_date, experience, at)$
-- The application and who it is; nothing where the person has one in the round.
WITH person AS (
    INSERT INTO applications_personal (vacancy_id, participant_no, round_id, subject, account,
                                       education_level, education_programme, gpa, birth_date,
                                       relevant_experience_months)
    VALUES (:vacancy_id, :participant_no, :round_id, :subject, :account, :education_level,
            :education_programme, :gpa, :birth_date, :experience)
    ON CONFLICT DO NOTHING
    RETURNING vacancy_id, participant_no, round_id
)
INSERT INTO applications (vacancy_id, participant_no, round_id, submitted_at)
SELECT vacancy_id, participant_no, round_id, :at FROM person
RETURNING true;

-- name: lock_vacancies(vacancy_ids)
-- Locks public vacancies, in one order, and gives what they ask of applicants.
SELECT vacancy.vacancy_id, vacancy.round_id, vacancy.number, vacancy.submitted, vacancy.closed,
       vacancy.education, round.registration_opens, round.registration_closes
  FROM vacancies AS vacancy JOIN rounds AS round USING (round_id)
 WHERE vacancy_id = ANY (:vacancy_ids::text[]) AND published
 ORDER BY vacancy_id
   FOR UPDATE OF vacancy;

-- name: add_applications(vacancy_ids, participant_nos, round_ids, subjects, accounts,
--       education_levels, education_programmes, gpas, birth_dates, experience, instants)
-- The same as add_application for many people, each in another place; gives those that are new.
WITH sent AS (
    SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :round_ids::text[],
                         :subjects::text[], :accounts::text[], :education_levels::text[],
                         :education_programmes::text[], :gpas::numeric[], :birth_dates::date[],
                         :experience::integer[], :instants::timestamptz[])
           AS sent (vacancy_id, participant_no, round_id, subject, account, education_level,
                    education_programme, gpa, birth_date, relevant_experience_months, at)
), person AS (
    INSERT INTO applications_personal (vacancy_id, participant_no, round_id, subject, account,
                                       education_level, education_programme, gpa, birth_date,
                                       relevant_experience_months)
    SELECT vacancy_id, participant_no, round_id, subject, account, education_level,
           education_programme, gpa, birth_date, relevant_experience_months
      FROM sent
    ON CONFLICT DO NOTHING
    RETURNING vacancy_id, participant_no
)
INSERT INTO applications (vacancy_id, participant_no, round_id, submitted_at)
SELECT vacancy_id, participant_no, sent.round_id, sent.at
  FROM person JOIN sent USING (vacancy_id, participant_no)
RETURNING participant_no;

-- name: take_numbers(vacancy_ids, counts)!
-- Counts the numbers that were given out in locked vacancies.
UPDATE vacancies AS vacancy SET submitted = submitted + given.count
  FROM unnest(:vacancy_ids::text[], :counts::integer[]) AS given (vacancy_id, count)
 WHERE vacancy.vacancy_id = given.vacancy_id;

-- name: number_in_round(subject, round_id, account)$
-- The participant number that a person has in a round; after a recovery the account alone tells it.
SELECT participant_no
  FROM applications_personal
 WHERE round_id = :round_id AND (subject = :subject OR account = :account);

-- name: lock_application(vacancy_id, participant_no)^
-- One application and whose it is, held until the transaction ends.
SELECT application.round_id, application.status, application.reasons, application.decided_at,
       application.withdrawn_at, personal.subject, personal.account
  FROM applications AS application
  LEFT JOIN applications_personal AS personal USING (vacancy_id, participant_no)
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no
   FOR UPDATE OF application;

-- name: final_list_is_closed(vacancy_id, participant_no)$
-- Whether ranking fixed the last list of the vacancy's policy, or has given this candidate a seat.
SELECT EXISTS (SELECT FROM results
                WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no AND selected)
    OR EXISTS (SELECT FROM closed_lists AS closed
                 JOIN vacancies USING (vacancy_id)
                 JOIN rounds AS round USING (round_id)
                WHERE closed.vacancy_id = :vacancy_id
                  AND closed.list = round.policy->'lists'->-1->>'code');

-- name: keep_withdrawal(vacancy_id, participant_no, at)!
-- Taken back by its applicant.
UPDATE applications SET status = 'withdrawn', withdrawn_at = :at
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: close_vacancies(round_id)
-- Locks the round's vacancies, in one order, against registrations under way, and closes them.
WITH locked AS (
    SELECT vacancy_id FROM vacancies WHERE round_id = :round_id ORDER BY vacancy_id FOR UPDATE
)
UPDATE vacancies AS vacancy SET closed = true
  FROM locked
 WHERE vacancy.vacancy_id = locked.vacancy_id
RETURNING vacancy.vacancy_id, vacancy.number, vacancy.submitted;

-- name: mark_round_closed(round_id, at)!
-- Registration of the round is closed since then.
UPDATE rounds SET closed_at = :at WHERE round_id = :round_id;

-- name: closed_counts(round_id)^
-- How many applied in a round, and for how many vacancies.
SELECT count(*) AS vacancies, coalesce(sum(submitted), 0) AS submitted
  FROM vacancies
 WHERE round_id = :round_id;

-- name: restore_application(vacancy_id, participant_no, round_id, at)$
-- An application that only the log remembers; nothing where its number is in use.
INSERT INTO applications (vacancy_id, participant_no, round_id, submitted_at)
VALUES (:vacancy_id, :participant_no, :round_id, :at)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: restore_facts(vacancy_id, participant_no, round_id, account, education_level, gpa,
--       birth_date, experience, priority)!
-- What such an application's unknown person stated; a person who is known keeps their own. Who
-- applied again in the round since the restoring keeps the account there.
INSERT INTO applications_personal (vacancy_id, participant_no, round_id, account, education_level,
                                   gpa, birth_date, relevant_experience_months, priority)
SELECT vacancy_id, participant_no, :round_id,
       CASE WHEN NOT EXISTS (SELECT FROM applications_personal
                              WHERE round_id = :round_id AND account = :account::text)
            THEN :account::text END,
       :education_level, :gpa, :birth_date, :experience, :priority
  FROM applications
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no
ON CONFLICT DO NOTHING;

-- name: rounds_without_persons()
-- Rounds with applications that came back from the log without their persons.
SELECT DISTINCT round_id FROM applications_personal WHERE subject IS NULL;

-- name: claim_restored(subject, round_ids, accounts)!
-- Such applications, by their accounts, are this person's.
UPDATE applications_personal AS personal SET subject = :subject
  FROM unnest(:round_ids::text[], :accounts::text[]) AS own (round_id, account)
 WHERE personal.round_id = own.round_id AND personal.account = own.account
   AND personal.subject IS NULL;

-- name: lock_unstated(most)
-- Applications of older versions whose person's account was never stated; those that another
-- process is stating are passed over.
SELECT vacancy_id, round_id, participant_no, subject, education_level, gpa, birth_date,
       relevant_experience_months, priority
  FROM applications_personal
 WHERE account IS NULL AND subject IS NOT NULL
 ORDER BY vacancy_id, participant_no
 LIMIT :most
   FOR UPDATE SKIP LOCKED;

-- name: keep_accounts(vacancy_ids, participant_nos, accounts)!
-- Under which accounts these people are known from now on.
UPDATE applications_personal AS personal SET account = stated.account
  FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :accounts::text[])
    AS stated (vacancy_id, participant_no, account)
 WHERE personal.vacancy_id = stated.vacancy_id
   AND personal.participant_no = stated.participant_no;

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
