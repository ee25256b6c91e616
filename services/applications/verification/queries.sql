-- name: policy_of_round(round_id)$
-- The round's law.
SELECT policy::text FROM rounds WHERE round_id = :round_id;

-- name: facts_of(vacancy_id, participant_no)^
-- What is known of an applicant, as stated and as found.
SELECT education_level, gpa, birth_date, relevant_experience_months, priority
  FROM applications_personal
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: keep_decision(vacancy_id, participant_no, status, reasons, note, at)!
-- MS or TMS, and the verifier's note beside the personal facts.
WITH noted AS (
    UPDATE applications_personal SET note = :note
     WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no AND :note <> ''
)
UPDATE applications SET status = :status, reasons = :reasons, decided_at = :at
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: keep_found(vacancy_id, participant_no, months, priority)!
-- What a verifier found proven, in place of what the applicant stated.
UPDATE applications_personal SET relevant_experience_months = :months, priority = :priority
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

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

-- name: restore_status(vacancy_id, participant_no, status, reasons, decided_at, withdrawn_at)!
-- What was decided, or taken back, after the backup.
UPDATE applications
   SET status = :status, reasons = coalesce(:reasons::text[], reasons),
       decided_at = coalesce(:decided_at, decided_at),
       withdrawn_at = coalesce(:withdrawn_at, withdrawn_at)
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: restore_reasons(vacancy_ids, participant_nos, reasons)!
-- Why applications were rejected, each a JSON list of codes.
UPDATE applications AS application
   SET reasons = ARRAY(SELECT jsonb_array_elements_text(stated.reasons::jsonb))
  FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :reasons::text[])
       AS stated (vacancy_id, participant_no, reasons)
 WHERE application.vacancy_id = stated.vacancy_id
   AND application.participant_no = stated.participant_no;
