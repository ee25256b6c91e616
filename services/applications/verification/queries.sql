-- name: policy_of_round(round_id)$
-- The round's law.
SELECT policy::text FROM rounds WHERE round_id = :round_id;

-- name: facts_of(vacancy_id, participant_no)^
-- What is known of an applicant, as stated and as found.
SELECT education_level, gpa, birth_date, relevant_experience_months, priority FROM applications_personal
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: keep_found(vacancy_id, participant_no, months, priority)!
-- What a verifier found proven, in place of what the applicant stated.
UPDATE applications_personal SET relevant_experience_months = :months, priority = :priority
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;
