-- name: keep_offers(offer_ids, vacancy_ids, participant_nos, applied_for, round_ids, codes, ats)!
-- Seats that ranking offered; an offer is made once.
INSERT INTO seat_offers (offer_id, vacancy_id, participant_no, applied_for, round_id, code, offered_at)
SELECT * FROM unnest(:offer_ids::uuid[], :vacancy_ids::text[], :participant_nos::text[], :applied_for::text[], :round_ids::text[], :codes::text[],
                     :ats::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: offer(offer_id)^
-- An offer, and whose it is.
SELECT offer.*, personal.subject
  FROM seat_offers AS offer
  JOIN applications_personal AS personal ON personal.vacancy_id = offer.applied_for AND personal.participant_no = offer.participant_no
 WHERE offer.offer_id = :offer_id;

-- name: answer(vacancy_id, participant_no, offer_id, answer, at)$
-- Keeps the answer, or waits for one under way; nothing where there is one.
INSERT INTO seat_answers (vacancy_id, participant_no, offer_id, answer, answered_at)
VALUES (:vacancy_id, :participant_no, :offer_id, :answer, :at)
ON CONFLICT DO NOTHING RETURNING true;

-- name: answered(vacancy_id, participant_no)^
-- The answer that holds.
SELECT answer, answered_at FROM seat_answers WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: is_selected(vacancy_id, participant_no)$
-- Whether a final list gave the candidate a seat.
SELECT EXISTS (SELECT FROM results WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no AND selected);

-- name: lapse(offered_until, at, most)
-- Offers so old that nobody answered: their answer is kept from now on. What somebody answers at
-- this instant is passed over.
WITH silent AS (
    SELECT offer.* FROM seat_offers AS offer
     WHERE offered_at <= :offered_until
       AND NOT EXISTS (SELECT FROM seat_answers AS known WHERE known.vacancy_id = offer.vacancy_id AND known.participant_no = offer.participant_no)
     ORDER BY offered_at, offer_id LIMIT :most
), kept AS (
    INSERT INTO seat_answers (vacancy_id, participant_no, offer_id, answer, answered_at)
    SELECT vacancy_id, participant_no, offer_id, 'lapsed', :at FROM silent ORDER BY vacancy_id, participant_no
    ON CONFLICT DO NOTHING RETURNING vacancy_id, participant_no
)
SELECT silent.* FROM silent JOIN kept USING (vacancy_id, participant_no) ORDER BY vacancy_id, participant_no;

-- name: of_people(vacancy_ids, participant_nos)
-- Offers to these people, by the vacancy that they applied for, the oldest first, with what became
-- of them.
SELECT offer.*, vacancy.agency, vacancy.post, vacancy.need, unit.path AS unit_path, known.answer, known.answered_at
  FROM seat_offers AS offer
  JOIN vacancies AS vacancy ON vacancy.vacancy_id = offer.vacancy_id
  JOIN units AS unit USING (unit_id)
  LEFT JOIN seat_answers AS known ON known.vacancy_id = offer.vacancy_id AND known.participant_no = offer.participant_no
 WHERE (offer.applied_for, offer.participant_no) IN (SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[]))
 ORDER BY offer.offered_at, offer.offer_id;

-- name: given_up(vacancy_ids, participant_nos)
-- Those of these people who gave up the seat that the final list gave them.
SELECT vacancy_id, participant_no, answered_at FROM seat_answers
 WHERE offer_id IS NULL AND (vacancy_id, participant_no) IN (SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[]));

-- name: restore_answers(vacancy_ids, participant_nos, offer_ids, answers, ats)!
-- Answers that only the log remembers.
INSERT INTO seat_answers (vacancy_id, participant_no, offer_id, answer, answered_at)
SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :offer_ids::uuid[], :answers::text[], :ats::timestamptz[])
ON CONFLICT DO NOTHING;
