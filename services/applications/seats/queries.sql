-- name: keep_results(vacancy_ids, participant_nos, lists, selected, ranks, scores, codes, ats,
--       sequences)!
-- What ranking said of candidates; only newer overwrites.
INSERT INTO results (vacancy_id, participant_no, list, selected, rank, score, code, at, sequence)
SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :lists::text[],
                     :selected::boolean[], :ranks::integer[], :scores::numeric[], :codes::text[],
                     :ats::timestamptz[], :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no, list) DO UPDATE
   SET selected = excluded.selected, rank = excluded.rank, score = excluded.score,
       code = excluded.code, at = excluded.at, sequence = excluded.sequence, revoked = false
 WHERE excluded.sequence > results.sequence;

-- name: revoke_results(vacancy_ids, participant_nos, lists, codes, ats, sequences)!
-- What ranking took back; only newer overwrites.
INSERT INTO results (vacancy_id, participant_no, list, selected, code, at, sequence, revoked)
SELECT vacancy_id, participant_no, list, false, code, at, sequence, true
  FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :lists::text[], :codes::text[],
              :ats::timestamptz[], :sequences::bigint[])
    AS new (vacancy_id, participant_no, list, code, at, sequence)
ON CONFLICT (vacancy_id, participant_no, list) DO UPDATE
   SET selected = false, rank = NULL, score = NULL, code = excluded.code, at = excluded.at,
       sequence = excluded.sequence, revoked = true
 WHERE excluded.sequence > results.sequence;

-- name: keep_closed_lists(vacancy_ids, lists, ats, sequences)!
-- Lists that ranking fixed; only newer overwrites.
INSERT INTO closed_lists (vacancy_id, list, at, sequence)
SELECT * FROM unnest(:vacancy_ids::text[], :lists::text[], :ats::timestamptz[],
                     :sequences::bigint[])
ON CONFLICT (vacancy_id, list) DO UPDATE SET at = excluded.at, sequence = excluded.sequence
 WHERE excluded.sequence > closed_lists.sequence;

-- name: keep_offers(offer_ids, vacancy_ids, participant_nos, applied_for, round_ids, codes, ats)!
-- Seats that ranking offered; an offer is made once.
INSERT INTO seat_offers (offer_id, vacancy_id, participant_no, applied_for, round_id, code,
                         offered_at)
SELECT * FROM unnest(:offer_ids::uuid[], :vacancy_ids::text[], :participant_nos::text[],
                     :applied_for::text[], :round_ids::text[], :codes::text[],
                     :ats::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: offer(offer_id)^
-- An offer, and whose it is.
SELECT offer.*, personal.subject
  FROM seat_offers AS offer
  JOIN applications_personal AS personal
    ON personal.vacancy_id = offer.applied_for
   AND personal.participant_no = offer.participant_no
 WHERE offer.offer_id = :offer_id;

-- name: answer(vacancy_id, participant_no, offer_id, answer, at)$
-- Keeps the answer, or waits for one under way; nothing where there is one.
INSERT INTO seat_answers (vacancy_id, participant_no, offer_id, answer, answered_at)
VALUES (:vacancy_id, :participant_no, :offer_id, :answer, :at)
ON CONFLICT DO NOTHING RETURNING true;

-- name: answered(vacancy_id, participant_no)^
-- The answer that holds.
SELECT answer, answered_at
  FROM seat_answers
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: is_selected(vacancy_id, participant_no)$
-- Whether a final list gave the candidate a seat.
SELECT EXISTS (SELECT FROM results
                WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no AND selected);

-- name: lapse(offered_until, at, most)
-- Offers so old that nobody answered: their answer is kept from now on. What somebody answers at
-- this instant is passed over.
WITH silent AS (
    SELECT offer.*
      FROM seat_offers AS offer
     WHERE offered_at <= :offered_until
       AND NOT EXISTS (SELECT FROM seat_answers AS known
                        WHERE known.vacancy_id = offer.vacancy_id
                          AND known.participant_no = offer.participant_no)
     ORDER BY offered_at, offer_id LIMIT :most
), kept AS (
    INSERT INTO seat_answers (vacancy_id, participant_no, offer_id, answer, answered_at)
    SELECT vacancy_id, participant_no, offer_id, 'lapsed', :at
      FROM silent
     ORDER BY vacancy_id, participant_no
    ON CONFLICT DO NOTHING
    RETURNING vacancy_id, participant_no
)
SELECT silent.*
  FROM silent JOIN kept USING (vacancy_id, participant_no)
 ORDER BY vacancy_id, participant_no;

-- name: restore_answers(vacancy_ids, participant_nos, offer_ids, answers, ats)!
-- Answers that only the log remembers.
INSERT INTO seat_answers (vacancy_id, participant_no, offer_id, answer, answered_at)
SELECT * FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :offer_ids::uuid[],
                     :answers::text[], :ats::timestamptz[])
ON CONFLICT DO NOTHING;
