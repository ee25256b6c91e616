-- name: lock_fillings(rounds)!
-- Locks the filling of these rounds, begun or not, in sorted order, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('ranking.filling/' || round_id, 0))
  FROM (SELECT round_id FROM unnest(:rounds::text[]) AS asked (round_id)
      ORDER BY round_id COLLATE "C") AS ordered;

-- Before it begins

-- name: published_seed(round_id)$
-- The published seed of a round.
SELECT seed FROM round WHERE round_id = :round_id;

-- name: vacancies_of_round(round_id, list)
-- The vacancies of a round, and whether this list of theirs is closed.
SELECT vacancy.*, EXISTS (SELECT FROM closing WHERE closing.vacancy_id = vacancy.vacancy_id
    AND closing.list = :list) AS closed
  FROM vacancy WHERE round_id = :round_id ORDER BY number;

-- name: ranked_lines(round_id, list)
-- Whom the closed lists of a round ranked, with the personal facts of then, if the list used any.
SELECT line.vacancy_id, line.participant_no, line.rank, line.admitted, line.points,
    fact.list IS NOT NULL AS facts_kept,
       fact.gpa, fact.birth_date, fact.relevant_experience_months, fact.education, fact.priority
  FROM closed_line AS line
  JOIN closing USING (vacancy_id, list)
  LEFT JOIN closed_fact AS fact USING (vacancy_id, list, participant_no)
 WHERE closing.round_id = :round_id AND line.list = :list AND line.rank IS NOT NULL
 ORDER BY line.vacancy_id, line.place;

-- name: begin_filling(round_id, by, at)$
-- Begins a round's filling and returns true; returns nothing where it has begun.
INSERT INTO filling (round_id, started_by, started_at) VALUES (:round_id, :by, :at) ON CONFLICT
    DO NOTHING RETURNING true;

-- name: keep_filling_vacancies(round_id, vacancies, pools, numbers, agencies, posts, units, paths,
--       needs, seats, education)!
-- The vacancies as the filling goes by them; `education` as JSON texts.
INSERT INTO filling_vacancy (vacancy_id, round_id, pool, number, agency, post, unit_id, unit_path,
                             need, seats, education)
SELECT vacancy_id, :round_id, pool, number, agency, post, unit_id, unit_path, need, seats,
    education::jsonb
  FROM unnest(:vacancies::text[], :pools::integer[], :numbers::integer[], :agencies::text[],
              :posts::text[], :units::text[], :paths::text[],
              :needs::text[], :seats::integer[], :education::text[])
    AS new (vacancy_id, pool, number, agency, post, unit_id, unit_path, need, seats, education);

-- name: keep_filling_candidates(round_id, vacancies, participants, pools, ranks, selected, places,
--       meets)!
-- The candidates as the filling goes by them; `places` as JSON texts, `meets` separated by blanks.
INSERT INTO filling_candidate (vacancy_id, participant_no, round_id, pool, rank, selected, places,
                               meets)
SELECT vacancy_id, participant_no, :round_id, pool, rank, selected, places::jsonb,
    array_remove(string_to_array(meets, ' '), '')
  FROM unnest(:vacancies::text[], :participants::text[], :pools::integer[], :ranks::integer[],
              :selected::boolean[], :places::text[],
              :meets::text[]) AS new (vacancy_id, participant_no, pool, rank, selected, places,
                                      meets);

-- A filling

-- name: filling_start(round_id)^
-- When a round's filling began; no row where it has not.
SELECT started_at FROM filling WHERE round_id = :round_id;

-- name: pools_of_vacancies(vacancies)
-- The pools of these vacancies, as far as their round's filling has begun.
SELECT vacancy_id, round_id, pool FROM filling_vacancy WHERE vacancy_id = ANY (:vacancies::text[]);

-- name: policies(rounds)
-- The policy of each round, as JSON text.
SELECT round_id, policy::text AS policy FROM round
    WHERE round_id = ANY (:rounds::text[]) AND policy IS NOT NULL;

-- name: pool_vacancies(rounds, pools)
-- The vacancies of pools.
SELECT filling_vacancy.* FROM filling_vacancy JOIN unnest(:rounds::text[],
    :pools::integer[]) AS asked (round_id, pool) USING (round_id, pool)
 ORDER BY round_id, number;

-- name: pool_candidates(rounds, pools)
-- The candidates of pools.
SELECT filling_candidate.* FROM filling_candidate
    JOIN unnest(:rounds::text[], :pools::integer[]) AS asked (round_id, pool)
    USING (round_id, pool);

-- name: pool_offers(rounds, pools)
-- The offers of pools, in the order in which they were made.
SELECT seat_offer.* FROM seat_offer JOIN unnest(:rounds::text[],
                                                :pools::integer[]) AS asked (round_id, pool)
USING (round_id, pool)
 ORDER BY offered_at, vacancy_id, participant_no;

-- name: pool_tie_places(rounds, pools)
-- The places that officers gave among equals of pools.
SELECT seat_tie_place.* FROM seat_tie_place JOIN unnest(:rounds::text[],
    :pools::integer[]) AS asked (round_id, pool) USING (round_id, pool);

-- name: answers_of_rounds(rounds)
-- What people of these rounds answered.
SELECT round_id, vacancy_id, participant_no, answer, answered_at FROM seat_answer
    WHERE round_id = ANY (:rounds::text[]);

-- name: pools_of_round(round_id)
-- The numbers of all pools of a round.
SELECT DISTINCT pool FROM filling_vacancy WHERE round_id = :round_id ORDER BY pool;

-- name: learn_answers(vacancies, participants, rounds, answers, ats)!
-- What people answered; the first answer holds.
INSERT INTO seat_answer (vacancy_id, participant_no, round_id, answer, answered_at)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :rounds::text[], :answers::text[],
                     :ats::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: keep_offers(at, ids, vacancies, participants, rounds, pools, applied_for, moves, codes)!
-- Stores offers.
INSERT INTO seat_offer (offer_id, vacancy_id, participant_no, round_id, pool, applied_for, move,
                        code, offered_at)
SELECT offer_id, vacancy_id, participant_no, round_id, pool, applied_for, move, code, :at
  FROM unnest(:ids::uuid[], :vacancies::text[], :participants::text[], :rounds::text[],
              :pools::integer[], :applied_for::text[], :moves::integer[],
              :codes::text[]) AS new (offer_id, vacancy_id, participant_no, round_id, pool,
                                      applied_for, move, code);

-- name: keep_left_empty(vacancies, seats)!
-- Stores how many seats of each vacancy stay empty.
UPDATE filling_vacancy SET left_empty = new.seats FROM unnest(:vacancies::text[], :seats::integer[])
    AS new (vacancy_id, seats)
 WHERE filling_vacancy.vacancy_id = new.vacancy_id;

-- name: forget_tie_places(vacancy_id)!
-- Deletes the places of an earlier decision.
DELETE FROM seat_tie_place WHERE vacancy_id = :vacancy_id;

-- name: keep_tie_places(round_id, pool, vacancy_id, participants, places)!
-- Stores the places of a decision.
INSERT INTO seat_tie_place (vacancy_id, participant_no, round_id, pool, place)
SELECT :vacancy_id, participant_no, :round_id, :pool, place
    FROM unnest(:participants::text[], :places::smallint[]) AS new (participant_no, place);

-- For everyone

-- name: seats_by_list(vacancy_id, list)
-- Whom a vacancy's closed last list gave seats, in its order, with the answers of those who gave
-- theirs up.
SELECT line.participant_no, line.rank, line.code, answer.answer, answer.answered_at
  FROM closed_line AS line
  LEFT JOIN seat_answer AS answer USING (vacancy_id, participant_no)
 WHERE line.vacancy_id = :vacancy_id AND line.list = :list AND line.admitted
 ORDER BY line.place;

-- name: seats_changed(vacancy_id)$
-- Whether anybody gave up a vacancy's seat or was offered one, or had applied for it and was
-- offered another.
SELECT EXISTS (SELECT FROM seat_answer WHERE vacancy_id = :vacancy_id)
    OR EXISTS (SELECT FROM seat_offer WHERE vacancy_id = :vacancy_id)
    OR EXISTS (SELECT FROM seat_offer WHERE applied_for = :vacancy_id);

-- name: filling_of_vacancy(vacancy_id)^
-- Since when a vacancy's seats are being filled, and for how many nobody is left to ask; no row
-- before filling begins.
SELECT filling.started_at, filling_vacancy.left_empty FROM filling_vacancy JOIN filling
    USING (round_id) WHERE vacancy_id = :vacancy_id;

-- name: offers_about_vacancy(vacancy_id, list)
-- Offers of a vacancy's seats, and of other seats to people who had applied for it, with the
-- answers, and the rank on the list that they applied for.
SELECT offer.offer_id, offer.participant_no, offer.applied_for, offer.move, offer.code,
    offer.offered_at, answer.answer, answer.answered_at, line.rank,
       seat.vacancy_id AS seat_vacancy_id, seat.number AS seat_number, seat.post AS seat_post,
       seat.unit_path AS seat_unit_path, seat.need AS seat_need,
       origin.vacancy_id AS origin_vacancy_id, origin.number AS origin_number,
       origin.post AS origin_post, origin.unit_path AS origin_unit_path,
       origin.need AS origin_need
  FROM (SELECT * FROM seat_offer WHERE vacancy_id = :vacancy_id UNION SELECT * FROM seat_offer
      WHERE applied_for = :vacancy_id) AS offer
  JOIN filling_vacancy AS seat ON seat.vacancy_id = offer.vacancy_id
  JOIN filling_vacancy AS origin ON origin.vacancy_id = offer.applied_for
  LEFT JOIN seat_answer AS answer ON answer.vacancy_id = offer.vacancy_id
      AND answer.participant_no = offer.participant_no
  LEFT JOIN closed_line AS line ON line.vacancy_id = offer.applied_for AND line.list = :list
      AND line.participant_no = offer.participant_no
 ORDER BY offer.offered_at, seat.number, line.rank, offer.participant_no;

-- name: seat_outcomes(vacancy_id, participant_no)
-- What became of seats for somebody since the last list was fixed: the list's own, if they gave it
-- up (no code), then those offered.
SELECT own.vacancy_id, vacancy.post, vacancy.unit_path, NULL AS code,
    NULL::timestamptz AS offered_at, own.answer, own.answered_at
  FROM seat_answer AS own JOIN vacancy USING (vacancy_id)
 WHERE own.vacancy_id = :vacancy_id AND own.participant_no = :participant_no
   AND NOT EXISTS (SELECT FROM seat_offer AS offer
       WHERE offer.vacancy_id = own.vacancy_id AND offer.participant_no = own.participant_no)
UNION ALL
SELECT offer.vacancy_id, seat.post, seat.unit_path, offer.code, offer.offered_at, answer.answer,
    answer.answered_at
  FROM seat_offer AS offer JOIN filling_vacancy AS seat USING (vacancy_id) LEFT
      JOIN seat_answer AS answer USING (vacancy_id, participant_no)
 WHERE offer.applied_for = :vacancy_id AND offer.participant_no = :participant_no
 ORDER BY offered_at NULLS FIRST, vacancy_id;
