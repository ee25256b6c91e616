-- name: application(vacancy_id, participant_no)^
-- All that is known of one application.
SELECT *
  FROM application_details
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: applications_of(subject)
-- All that is known of a person's applications, the newest first.
SELECT * FROM application_details WHERE subject = :subject ORDER BY submitted_at DESC, round_id;

-- name: results_of(vacancy_ids, participant_nos)
-- What ranking said of these candidates, list by list.
SELECT vacancy_id, participant_no, list, selected, rank, score, code, at
  FROM results
 WHERE (vacancy_id, participant_no)
       IN (SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[]))
   AND NOT revoked
 ORDER BY at, list;

-- name: closed_lists_of(vacancy_ids)
-- The lists of these vacancies that ranking fixed.
SELECT vacancy_id, list, at
  FROM closed_lists
 WHERE vacancy_id = ANY(:vacancy_ids::text[])
 ORDER BY at, list;

-- name: given_up(vacancy_ids, participant_nos)
-- Those of these people who gave up the seat that the final list gave them.
SELECT vacancy_id, participant_no, answered_at
  FROM seat_answers
 WHERE offer_id IS NULL
   AND (vacancy_id, participant_no)
       IN (SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[]));

-- name: offers_to(vacancy_ids, participant_nos)
-- Offers to these people, by the vacancy that they applied for, the oldest first, with what became
-- of them.
SELECT offer.*, vacancy.agency, vacancy.post, vacancy.need, unit.path AS unit_path, known.answer,
       known.answered_at
  FROM seat_offers AS offer
  JOIN vacancies AS vacancy ON vacancy.vacancy_id = offer.vacancy_id
  JOIN units AS unit USING (unit_id)
  LEFT JOIN seat_answers AS known
    ON known.vacancy_id = offer.vacancy_id AND known.participant_no = offer.participant_no
 WHERE (offer.applied_for, offer.participant_no)
       IN (SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[]))
 ORDER BY offer.offered_at, offer.offer_id;
