-- What others said -------------------------------------------------------------------------------------------------------------

-- name: touch!
-- Locks the vacancies in sorted order and marks their standings as owed. The first thing that every change does.
INSERT INTO desk (vacancy_id) SELECT vacancy_id FROM unnest(:vacancies::text[]) AS one (vacancy_id) ORDER BY vacancy_id COLLATE "C"
ON CONFLICT (vacancy_id) DO UPDATE SET changes = desk.changes + 1;

-- name: learn_round!
-- A round and its law.
INSERT INTO round AS known (round_id, name, policy, policy_hash, seed, decreed_seats, sequence)
VALUES (:round_id, :name, :policy, :policy_hash, :seed, :decreed_seats, :sequence)
ON CONFLICT (round_id) DO UPDATE
   SET name = excluded.name, policy = excluded.policy, policy_hash = excluded.policy_hash, seed = excluded.seed,
       decreed_seats = excluded.decreed_seats, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: hold_rounds!
-- Locks the rounds, those that nothing was heard of yet too: a vacancy and its round may arrive in two workers at once.
INSERT INTO round (round_id) SELECT round_id FROM unnest(:rounds::text[]) AS one (round_id) ORDER BY round_id COLLATE "C"
ON CONFLICT (round_id) DO UPDATE SET round_id = excluded.round_id;

-- name: learn_vacancies!
-- Vacancies as published.
INSERT INTO vacancy AS known (vacancy_id, round_id, number, listing_id, agency, post, unit_id, unit_path, need, seats, sequence)
SELECT * FROM unnest(:vacancies::text[], :rounds::text[], :numbers::integer[], :listings::text[], :agencies::text[], :posts::text[], :units::text[],
                     :paths::text[], :needs::text[], :seats::integer[], :sequences::bigint[])
ON CONFLICT (vacancy_id) DO UPDATE
   SET round_id = excluded.round_id, number = excluded.number, listing_id = excluded.listing_id, agency = excluded.agency, post = excluded.post,
       unit_id = excluded.unit_id, unit_path = excluded.unit_path, need = excluded.need, seats = excluded.seats, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_registrations!
-- How many applied for each vacancy in all.
INSERT INTO registration AS known (vacancy_id, submitted, sequence) SELECT * FROM unnest(:vacancies::text[], :submitted::integer[], :sequences::bigint[])
ON CONFLICT (vacancy_id) DO UPDATE SET submitted = excluded.submitted, sequence = excluded.sequence WHERE known.sequence < excluded.sequence;

-- name: learn_submissions!
-- Who applied.
INSERT INTO candidate AS known (vacancy_id, participant_no, submitted) SELECT vacancy_id, participant_no, true
  FROM unnest(:vacancies::text[], :participants::text[]) AS new (vacancy_id, participant_no)
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET submitted = true WHERE NOT known.submitted;

-- name: learn_verifications!
-- Who meets the requirements (MS) and who doesn't (TMS).
INSERT INTO candidate AS known (vacancy_id, participant_no, verified, verified_sequence)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :verified::boolean[], :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET verified = excluded.verified, verified_sequence = excluded.verified_sequence
 WHERE known.verified_sequence < excluded.verified_sequence;

-- name: learn_withdrawals!
-- Who took the application back; it is never taken up again, so no sequence is needed.
INSERT INTO candidate AS known (vacancy_id, participant_no, withdrawn) SELECT vacancy_id, participant_no, true
  FROM unnest(:vacancies::text[], :participants::text[]) AS new (vacancy_id, participant_no)
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET withdrawn = true WHERE NOT known.withdrawn;

-- name: learn_applicant_facts!
-- Personal facts that ties use.
INSERT INTO applicant_facts AS known (vacancy_id, participant_no, gpa, birth_date, relevant_experience_months, sequence)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :gpas::numeric[], :birth_dates::date[], :months::integer[], :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no) DO UPDATE
   SET gpa = excluded.gpa, birth_date = excluded.birth_date, relevant_experience_months = excluded.relevant_experience_months,
       sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_sittings!
-- Sittings that are to be; what closed one says is newer.
INSERT INTO sitting AS known (vacancy_id, sitting_id, stage, sequence)
SELECT * FROM unnest(:vacancies::text[], :sittings::uuid[], :stages::text[], :sequences::bigint[])
ON CONFLICT (vacancy_id, sitting_id) DO UPDATE SET stage = excluded.stage, sequence = excluded.sequence WHERE known.sequence < excluded.sequence;

-- name: learn_closed_sittings!
-- Sittings that are over, with what they counted.
INSERT INTO sitting AS known (vacancy_id, sitting_id, stage, closed, scored, missed, disqualified, sequence)
SELECT vacancy_id, sitting_id, stage, true, scored, missed, disqualified, sequence
  FROM unnest(:vacancies::text[], :sittings::uuid[], :stages::text[], :scored::integer[], :missed::integer[], :disqualified::integer[],
              :sequences::bigint[]) AS new (vacancy_id, sitting_id, stage, scored, missed, disqualified, sequence)
ON CONFLICT (vacancy_id, sitting_id) DO UPDATE
   SET stage = excluded.stage, closed = true, scored = excluded.scored, missed = excluded.missed, disqualified = excluded.disqualified,
       sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_results!
-- Results, the newest of each candidate in each sitting.
INSERT INTO result AS known (vacancy_id, participant_no, stage, sitting_id, outcome, points, sequence)
SELECT vacancy_id, participant_no, stage, sitting_id, outcome, points::jsonb, sequence
  FROM unnest(:vacancies::text[], :participants::text[], :stages::text[], :sittings::uuid[], :outcomes::smallint[], :points::text[],
              :sequences::bigint[]) AS new (vacancy_id, participant_no, stage, sitting_id, outcome, points, sequence)
ON CONFLICT (vacancy_id, participant_no, stage, sitting_id) DO UPDATE
   SET outcome = excluded.outcome, points = excluded.points, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- What is known ----------------------------------------------------------------------------------------------------------------

-- name: vacancies_known
-- Vacancies whose round is known too, and which of their lists are closed.
SELECT vacancy.vacancy_id, vacancy.round_id, vacancy.need, vacancy.seats, round.seed,
       (SELECT array_agg(closing.list) FROM closing WHERE closing.vacancy_id = vacancy.vacancy_id) AS closed
  FROM vacancy JOIN round USING (round_id)
 WHERE vacancy.vacancy_id = ANY (:vacancies::text[]) AND round.policy IS NOT NULL;

-- name: policies
-- The law of rounds, as JSON text.
SELECT round_id, policy::text AS policy FROM round WHERE round_id = ANY (:rounds::text[]);

-- name: vacancies_of_round
-- All vacancies of a round.
SELECT vacancy_id FROM vacancy WHERE round_id = :round_id ORDER BY vacancy_id;

-- name: candidates_of
-- Everyone of whom anything is known in these vacancies.
SELECT vacancy_id, participant_no FROM candidate WHERE vacancy_id = ANY (:vacancies::text[]) ORDER BY vacancy_id, participant_no;

-- name: candidates
-- What applications said of these candidates.
SELECT candidate.vacancy_id, candidate.participant_no, candidate.verified, candidate.withdrawn
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN candidate ON candidate.vacancy_id = asked.vacancy_id AND candidate.participant_no = asked.participant_no;

-- name: facts_of
-- Personal facts of these candidates.
SELECT applicant_facts.vacancy_id, applicant_facts.participant_no, gpa, birth_date, relevant_experience_months
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN applicant_facts ON applicant_facts.vacancy_id = asked.vacancy_id AND applicant_facts.participant_no = asked.participant_no;

-- name: results_of
-- Results of these candidates, oldest first: of several sittings of a stage the newest result counts.
SELECT result.vacancy_id, result.participant_no, result.stage, result.outcome, result.points
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN result ON result.vacancy_id = asked.vacancy_id AND result.participant_no = asked.participant_no
 ORDER BY result.sequence;

-- name: admissions_of
-- Closed lists that admitted these candidates to what comes after.
SELECT closed_line.vacancy_id, closed_line.participant_no, closed_line.list
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN closed_line ON closed_line.vacancy_id = asked.vacancy_id AND closed_line.participant_no = asked.participant_no AND closed_line.admitted;

-- name: decided_places
-- Places that officers gave among equals.
SELECT vacancy_id, participant_no, list, place FROM tie_place WHERE vacancy_id = ANY (:vacancies::text[]);

-- Where they stand -------------------------------------------------------------------------------------------------------------

-- name: place
-- Writes where candidates stand, and moves the counts by what changed, in one statement; returns the counts that came to nothing.
WITH new AS (
    SELECT * FROM unnest(:vacancies::text[], :lists::text[], :participants::text[], :gates::smallint[], :scores::bigint[], :keys::bytea[])
               AS new (vacancy_id, list, participant_no, gate, score, merit_key)
), old AS (
    SELECT known.vacancy_id, known.list, known.gate, known.score
      FROM new JOIN standing AS known
        ON known.vacancy_id = new.vacancy_id AND known.list = new.list AND known.participant_no = new.participant_no
       AND known.merit_key <> new.merit_key
), written AS (
    INSERT INTO standing AS known (vacancy_id, list, participant_no, gate, score, merit_key) SELECT * FROM new
    ON CONFLICT (vacancy_id, list, participant_no) DO UPDATE
       SET gate = excluded.gate, score = excluded.score, merit_key = excluded.merit_key
     WHERE known.merit_key <> excluded.merit_key
    RETURNING vacancy_id, list, gate, score
), moved AS (
    SELECT vacancy_id, list, gate, coalesce(score, 0) AS score, sum(by)::integer AS by
      FROM (SELECT vacancy_id, list, gate, score, 1 AS by FROM written UNION ALL SELECT vacancy_id, list, gate, score, -1 FROM old) AS each
     GROUP BY 1, 2, 3, 4 HAVING sum(by) <> 0
), counted AS (
    INSERT INTO tally AS known (vacancy_id, list, gate, score, candidates) SELECT * FROM moved
    ON CONFLICT (vacancy_id, list, gate, score) DO UPDATE SET candidates = known.candidates + excluded.candidates
    RETURNING vacancy_id, list, gate, score, candidates
)
SELECT vacancy_id, list, gate, score FROM counted WHERE candidates = 0;

-- name: displace
-- Takes candidates off a list that they are no longer admitted to; returns the counts that came to nothing.
WITH gone AS (
    DELETE FROM standing USING unnest(:vacancies::text[], :lists::text[], :participants::text[]) AS gone (vacancy_id, list, participant_no)
     WHERE standing.vacancy_id = gone.vacancy_id AND standing.list = gone.list AND standing.participant_no = gone.participant_no
    RETURNING standing.vacancy_id, standing.list, standing.gate, standing.score
), moved AS (
    SELECT vacancy_id, list, gate, coalesce(score, 0) AS score, count(*)::integer AS by FROM gone GROUP BY 1, 2, 3, 4
), counted AS (
    UPDATE tally SET candidates = tally.candidates - moved.by FROM moved
     WHERE tally.vacancy_id = moved.vacancy_id AND tally.list = moved.list AND tally.gate = moved.gate AND tally.score = moved.score
    RETURNING tally.vacancy_id, tally.list, tally.gate, tally.score, tally.candidates
)
SELECT vacancy_id, list, gate, score FROM counted WHERE candidates = 0;

-- name: forget_counts!
-- Removes counts that came to nothing, so that the tables say the same whatever came first.
DELETE FROM tally USING unnest(:vacancies::text[], :lists::text[], :gates::smallint[], :scores::bigint[]) AS gone (vacancy_id, list, gate, score)
 WHERE tally.vacancy_id = gone.vacancy_id AND tally.list = gone.list AND tally.gate = gone.gate AND tally.score = gone.score
   AND tally.candidates = 0;

-- name: notify!
-- Wakes whoever streams these vacancies.
SELECT pg_notify('ranking_standings', vacancies) FROM unnest(:payloads::text[]) AS one (vacancies);
