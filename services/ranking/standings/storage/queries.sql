-- What others said --------------------------------------------------------------------------------

-- name: touch(vacancies)!
-- Locks the vacancies in sorted order and marks their standings as owed. The first thing that every
-- change does.
INSERT INTO desk (vacancy_id) SELECT vacancy_id FROM unnest(:vacancies::text[]) AS one (vacancy_id) ORDER BY vacancy_id COLLATE "C"
ON CONFLICT (vacancy_id) DO UPDATE SET change = excluded.change;

-- name: stay_unrebuilt(lock)$
-- True while no rebuild runs; none begins before the transaction ends.
SELECT pg_try_advisory_xact_lock_shared(:lock);

-- name: learn_round(round_id, name, policy, policy_hash, seed, decreed_seats, registration_opens, sequence)!
-- A round and its law.
INSERT INTO round AS known (round_id, name, policy, policy_hash, seed, decreed_seats, registration_opens, sequence)
VALUES (:round_id, :name, :policy, :policy_hash, :seed, :decreed_seats, :registration_opens, :sequence)
ON CONFLICT (round_id) DO UPDATE
   SET name = excluded.name, policy = excluded.policy, policy_hash = excluded.policy_hash, seed = excluded.seed,
       decreed_seats = excluded.decreed_seats, registration_opens = excluded.registration_opens, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: hold_rounds(rounds)!
-- Locks the rounds, those that nothing was heard of yet too: a vacancy and its round may arrive in
-- two workers at once.
INSERT INTO round (round_id) SELECT round_id FROM unnest(:rounds::text[]) AS one (round_id) ORDER BY round_id COLLATE "C"
ON CONFLICT (round_id) DO UPDATE SET round_id = excluded.round_id;

-- name: learn_vacancies(vacancies, rounds, numbers, listings, agencies, posts, units, paths, needs, seats, education, sequences)!
-- Vacancies as published; `education` as JSON texts.
INSERT INTO vacancy AS known (vacancy_id, round_id, number, listing_id, agency, post, unit_id, unit_path, need, seats, education, sequence)
SELECT vacancy_id, round_id, number, listing_id, agency, post, unit_id, unit_path, need, seats, education::jsonb, sequence
  FROM unnest(:vacancies::text[], :rounds::text[], :numbers::integer[], :listings::text[], :agencies::text[], :posts::text[], :units::text[],
              :paths::text[], :needs::text[], :seats::integer[], :education::text[], :sequences::bigint[])
    AS new (vacancy_id, round_id, number, listing_id, agency, post, unit_id, unit_path, need, seats, education, sequence)
ON CONFLICT (vacancy_id) DO UPDATE
   SET round_id = excluded.round_id, number = excluded.number, listing_id = excluded.listing_id, agency = excluded.agency, post = excluded.post,
       unit_id = excluded.unit_id, unit_path = excluded.unit_path, need = excluded.need, seats = excluded.seats, education = excluded.education,
       sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_registrations(vacancies, submitted, sequences)!
-- How many applied for each vacancy in all.
INSERT INTO registration AS known (vacancy_id, submitted, sequence) SELECT * FROM unnest(:vacancies::text[], :submitted::integer[], :sequences::bigint[])
ON CONFLICT (vacancy_id) DO UPDATE SET submitted = excluded.submitted, sequence = excluded.sequence WHERE known.sequence < excluded.sequence;

-- name: learn_submissions(vacancies, participants)!
-- Who applied.
INSERT INTO candidate AS known (vacancy_id, participant_no, submitted) SELECT vacancy_id, participant_no, true
  FROM unnest(:vacancies::text[], :participants::text[]) AS new (vacancy_id, participant_no)
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET submitted = true WHERE NOT known.submitted;

-- name: learn_verifications(vacancies, participants, verified, sequences)!
-- Who meets the requirements (MS) and who doesn't (TMS).
INSERT INTO candidate AS known (vacancy_id, participant_no, verified, verified_sequence)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :verified::boolean[], :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET verified = excluded.verified, verified_sequence = excluded.verified_sequence
 WHERE known.verified_sequence < excluded.verified_sequence;

-- name: learn_withdrawals(vacancies, participants)!
-- Who took the application back; it is never taken up again, so no sequence is needed.
INSERT INTO candidate AS known (vacancy_id, participant_no, withdrawn) SELECT vacancy_id, participant_no, true
  FROM unnest(:vacancies::text[], :participants::text[]) AS new (vacancy_id, participant_no)
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET withdrawn = true WHERE NOT known.withdrawn;

-- name: learn_applicant_facts(vacancies, participants, gpas, birth_dates, months, education, priorities, sequences)!
-- Personal facts that ties use.
INSERT INTO applicant_facts AS known (vacancy_id, participant_no, gpa, birth_date, relevant_experience_months, education, priority, sequence)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :gpas::numeric[], :birth_dates::date[], :months::integer[], :education::text[],
                     :priorities::text[], :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no) DO UPDATE
   SET gpa = excluded.gpa, birth_date = excluded.birth_date, relevant_experience_months = excluded.relevant_experience_months,
       education = excluded.education, priority = excluded.priority, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_sittings(vacancies, sittings, stages, sequences)!
-- Sittings that are to be; what closed one says is newer.
INSERT INTO sitting AS known (vacancy_id, sitting_id, stage, sequence)
SELECT * FROM unnest(:vacancies::text[], :sittings::uuid[], :stages::text[], :sequences::bigint[])
ON CONFLICT (vacancy_id, sitting_id) DO UPDATE SET stage = excluded.stage, sequence = excluded.sequence WHERE known.sequence < excluded.sequence;

-- name: learn_closed_sittings(vacancies, sittings, stages, scored, missed, disqualified, sequences)!
-- Sittings that are over, with what they counted.
INSERT INTO sitting AS known (vacancy_id, sitting_id, stage, closed, scored, missed, disqualified, sequence)
SELECT vacancy_id, sitting_id, stage, true, scored, missed, disqualified, sequence
  FROM unnest(:vacancies::text[], :sittings::uuid[], :stages::text[], :scored::integer[], :missed::integer[], :disqualified::integer[],
              :sequences::bigint[]) AS new (vacancy_id, sitting_id, stage, scored, missed, disqualified, sequence)
ON CONFLICT (vacancy_id, sitting_id) DO UPDATE
   SET stage = excluded.stage, closed = true, scored = excluded.scored, missed = excluded.missed, disqualified = excluded.disqualified,
       sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_results(vacancies, participants, stages, sittings, outcomes, points, sequences)!
-- Results, the newest of each candidate in each sitting.
INSERT INTO result AS known (vacancy_id, participant_no, stage, sitting_id, outcome, points, sequence)
SELECT vacancy_id, participant_no, stage, sitting_id, outcome, points::jsonb, sequence
  FROM unnest(:vacancies::text[], :participants::text[], :stages::text[], :sittings::uuid[], :outcomes::smallint[], :points::text[],
              :sequences::bigint[]) AS new (vacancy_id, participant_no, stage, sitting_id, outcome, points, sequence)
ON CONFLICT (vacancy_id, participant_no, stage, sitting_id) DO UPDATE
   SET outcome = excluded.outcome, points = excluded.points, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- What is known -----------------------------------------------------------------------------------

-- name: vacancies_known(vacancies)
-- Vacancies whose round is known too, and which of their lists are closed; the first of each round
-- comes with its law, as JSON text.
SELECT vacancy.vacancy_id, vacancy.round_id, vacancy.need, vacancy.seats, round.seed,
       CASE row_number() OVER (PARTITION BY vacancy.round_id ORDER BY vacancy.vacancy_id) WHEN 1 THEN round.policy::text END AS policy,
       (SELECT array_agg(closing.list) FROM closing WHERE closing.vacancy_id = vacancy.vacancy_id) AS closed
  FROM vacancy JOIN round USING (round_id)
 WHERE vacancy.vacancy_id = ANY (:vacancies::text[]) AND round.policy IS NOT NULL
 ORDER BY vacancy.vacancy_id;

-- name: vacancies_of_round(round_id)
-- All vacancies of a round.
SELECT vacancy_id FROM vacancy WHERE round_id = :round_id ORDER BY vacancy_id;

-- name: vacancies_heard_of()
-- All vacancies that anything was heard of.
SELECT vacancy_id FROM desk ORDER BY vacancy_id;

-- name: candidates_of(vacancies)
-- Everyone of whom anything is known in these vacancies.
SELECT vacancy_id, participant_no FROM candidate WHERE vacancy_id = ANY (:vacancies::text[]) ORDER BY vacancy_id, participant_no;

-- name: candidates(vacancies, participants)
-- What applications said of these candidates, a row for each result, oldest first: of several
-- sittings of a stage the newest counts.
SELECT candidate.vacancy_id, candidate.participant_no, candidate.verified, candidate.withdrawn, result.stage, result.outcome, result.points
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN candidate ON candidate.vacancy_id = asked.vacancy_id AND candidate.participant_no = asked.participant_no
  LEFT JOIN result ON result.vacancy_id = asked.vacancy_id AND result.participant_no = asked.participant_no
 ORDER BY result.sequence;

-- name: facts_of(vacancies, participants)
-- Personal facts of these candidates.
SELECT applicant_facts.vacancy_id, applicant_facts.participant_no, gpa, birth_date, relevant_experience_months, education, priority
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN applicant_facts ON applicant_facts.vacancy_id = asked.vacancy_id AND applicant_facts.participant_no = asked.participant_no;

-- name: results_of(vacancies, participants)
-- Results of these candidates, oldest first: of several sittings of a stage the newest result
-- counts.
SELECT result.vacancy_id, result.participant_no, result.stage, result.outcome, result.points
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN result ON result.vacancy_id = asked.vacancy_id AND result.participant_no = asked.participant_no
 ORDER BY result.sequence;

-- name: admissions_of(vacancies, participants)
-- Closed lists that admitted these candidates to what comes after.
SELECT closed_line.vacancy_id, closed_line.participant_no, closed_line.list
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN closed_line ON closed_line.vacancy_id = asked.vacancy_id AND closed_line.participant_no = asked.participant_no AND closed_line.admitted;

-- name: decided_places(vacancies)
-- Places that officers gave among equals.
SELECT vacancy_id, participant_no, list, place FROM tie_place WHERE vacancy_id = ANY (:vacancies::text[]);

-- Where they stand --------------------------------------------------------------------------------

-- name: place(vacancies, lists, participants, gates, scores, keys)
-- Writes where candidates stand, and moves the counts by what changed, in one statement; returns
-- the counts that came to nothing.
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
     GROUP BY 1, 2, 3, 4 HAVING sum(by) <> 0 ORDER BY 1, 2, 3, 4
), counted AS (
    INSERT INTO tally AS known (vacancy_id, list, gate, score, candidates) SELECT * FROM moved
    ON CONFLICT (vacancy_id, list, gate, score) DO UPDATE SET candidates = known.candidates + excluded.candidates
    RETURNING vacancy_id, list, gate, score, candidates
)
SELECT vacancy_id, list, gate, score FROM counted WHERE candidates = 0;

-- name: displace(vacancies, lists, participants)
-- Takes candidates off a list that they are no longer admitted to; returns the counts that came to
-- nothing.
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

-- name: forget_counts(vacancies, lists, gates, scores)!
-- Removes counts that came to nothing, so that the tables say the same whatever came first.
DELETE FROM tally USING unnest(:vacancies::text[], :lists::text[], :gates::smallint[], :scores::bigint[]) AS gone (vacancy_id, list, gate, score)
 WHERE tally.vacancy_id = gone.vacancy_id AND tally.list = gone.list AND tally.gate = gone.gate AND tally.score = gone.score
   AND tally.candidates = 0;

-- name: notify(payloads)!
-- Wakes whoever streams these vacancies.
SELECT pg_notify('ranking_standings', vacancies) FROM unnest(:payloads::text[]) AS one (vacancies);

-- Whole lists -------------------------------------------------------------------------------------

-- name: lines(last, vacancies, list)
-- Every line of one list of these vacancies, by participant number. `shared` is the rank of all
-- whom score and ties don't tell apart, `alike` how many they are, `decided` for how many of them
-- an officer gave a place; the last bytes of a ranked key are that place (2) and the last resort.
SELECT vacancy_id, participant_no, gate, score,
       row_number() OVER (PARTITION BY vacancy_id ORDER BY merit_key) AS place,
       rank() OVER (PARTITION BY vacancy_id ORDER BY alike_key) AS shared,
       count(*) OVER (PARTITION BY vacancy_id, alike_key) AS alike,
       count(*) FILTER (WHERE decision <> '\xffff') OVER (PARTITION BY vacancy_id, alike_key) AS decided
  FROM (SELECT *, CASE gate WHEN 0 THEN substring(merit_key FROM 1 FOR length(merit_key) - :last - 2) ELSE merit_key END AS alike_key,
               CASE gate WHEN 0 THEN substring(merit_key FROM length(merit_key) - :last - 1 FOR 2) ELSE '\xffff' END AS decision
          FROM standing WHERE vacancy_id = ANY (:vacancies::text[]) AND list = :list) AS each
 ORDER BY vacancy_id, participant_no;

-- name: hold_the_pen()$
-- True for the one worker that states standings in this transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended('ranking.state_standings', 0));

-- name: wait_for_the_pen()!
-- The same, waiting for whoever states now: their versions are seen then.
SELECT pg_advisory_xact_lock(hashtextextended('ranking.state_standings', 0));

-- name: owed(since, most)
-- Vacancies whose standings changed since they were stated, and were not stated since then.
SELECT desk.vacancy_id, desk.change
  FROM desk LEFT JOIN caught_up USING (vacancy_id)
 WHERE desk.change IS DISTINCT FROM caught_up.change
   AND NOT EXISTS (SELECT FROM stated WHERE stated.vacancy_id = desk.vacancy_id AND stated.stated_at > :since)
 ORDER BY desk.change LIMIT :most;

-- name: catch_up(vacancies, changes)!
-- Settles the marks up to the changes that were seen.
INSERT INTO caught_up AS known (vacancy_id, change) SELECT * FROM unnest(:vacancies::text[], :changes::bigint[])
ON CONFLICT (vacancy_id) DO UPDATE SET change = excluded.change;

-- name: stated(vacancies)
-- The newest version of each list of these vacancies.
SELECT vacancy_id, list, version, digest FROM stated WHERE vacancy_id = ANY (:vacancies::text[]);

-- name: keep_stated(at, vacancies, lists, versions, digests)!
-- The newest versions.
INSERT INTO stated (vacancy_id, list, version, digest, stated_at)
SELECT vacancy_id, list, version, digest, :at FROM unnest(:vacancies::text[], :lists::text[], :versions::integer[], :digests::text[])
    AS new (vacancy_id, list, version, digest)
ON CONFLICT (vacancy_id, list) DO UPDATE SET version = excluded.version, digest = excluded.digest, stated_at = excluded.stated_at;

-- One list, by the index --------------------------------------------------------------------------

-- name: vacancy(vacancy_id)^
-- A vacancy and its round.
SELECT vacancy.*, round.name AS round_name FROM vacancy JOIN round USING (round_id) WHERE vacancy_id = :vacancy_id;

-- name: standing_of(vacancy_id, list, participant_no)^
-- Where a candidate stands.
SELECT participant_no, gate, score, merit_key FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND participant_no = :participant_no;

-- name: last_ranked(vacancy_id, list)^
-- The last line that has a rank.
SELECT participant_no, gate, score, merit_key FROM standing
 WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key < '\x01' ORDER BY merit_key DESC LIMIT 1;

-- name: gates(vacancy_id, list)
-- How many are held at each gate.
SELECT gate, sum(candidates)::bigint AS candidates FROM tally WHERE vacancy_id = :vacancy_id AND list = :list GROUP BY gate;

-- name: version(vacancy_id, list)$
-- The newest version that was stated.
SELECT version FROM stated WHERE vacancy_id = :vacancy_id AND list = :list;

-- name: vacancies_after(round_id, words, need, after_round, after_number, most)
-- Vacancies in order of round and number, as far as asked for: of a round, with all these words in
-- agency, post and unit, for a kind of need.
SELECT vacancy.*, (SELECT array_agg(closing.list) FROM closing WHERE closing.vacancy_id = vacancy.vacancy_id) AS closed FROM vacancy
 WHERE (:round_id::text IS NULL OR round_id = :round_id) AND (:need::text IS NULL OR need = :need)
   AND NOT EXISTS (SELECT FROM unnest(:words::text[]) AS word WHERE strpos(lower(concat_ws(' ', agency, post, unit_path)), lower(word)) = 0)
   AND (round_id, number) > (:after_round, :after_number)
 ORDER BY round_id, number LIMIT :most;

-- name: vacancies_found(round_id, words, need, after_number)^
-- How many of a round's vacancies are so, and how many of them up to a number.
SELECT count(*) AS found, count(*) FILTER (WHERE number <= :after_number) AS before FROM vacancy
 WHERE round_id = :round_id AND (:need::text IS NULL OR need = :need)
   AND NOT EXISTS (SELECT FROM unnest(:words::text[]) AS word WHERE strpos(lower(concat_ws(' ', agency, post, unit_path)), lower(word)) = 0);

-- name: rounds_to_look_at()
-- Rounds that have vacancies, the newest first.
SELECT round_id, name FROM round WHERE policy IS NOT NULL AND EXISTS (SELECT FROM vacancy WHERE vacancy.round_id = round.round_id)
 ORDER BY registration_opens DESC NULLS LAST, round_id DESC;

-- Closing -----------------------------------------------------------------------------------------

-- name: round(round_id)^
-- A round.
SELECT round_id, name, policy::text AS policy, policy_hash, seed, decreed_seats FROM round WHERE round_id = :round_id AND policy IS NOT NULL;

-- name: readiness(round_id, facts, list, after, stage)
-- What has arrived of each vacancy of a round, for one list and its stage.
WITH vacancies AS (SELECT * FROM vacancy WHERE round_id = :round_id)
SELECT vacancies.vacancy_id, vacancies.number, vacancies.need, vacancies.seats, registration.submitted AS announced,
       coalesce(applied.submitted, 0) AS submitted, coalesce(applied.undecided, 0) AS undecided,
       coalesce(listed.active, 0) AS active, coalesce(listed.waiting, 0) AS waiting,
       CASE WHEN :facts THEN
           (SELECT count(*) FROM standing AS s WHERE s.vacancy_id = vacancies.vacancy_id AND s.list = :list AND s.gate = 0
               AND NOT EXISTS (SELECT FROM applicant_facts AS f WHERE f.vacancy_id = s.vacancy_id AND f.participant_no = s.participant_no))
       ELSE 0 END AS without_facts,
       coalesce(sat.sittings, 0) AS sittings, coalesce(sat.open, 0) AS open_sittings, coalesce(sat.counted, 0) AS counted, coalesce(sat.arrived, 0) AS arrived,
       closing.list IS NOT NULL AS closed, closing.digest AS closed_digest, stated.digest AS stated_digest,
       :after::text IS NULL OR EXISTS (SELECT FROM closing AS c WHERE c.vacancy_id = vacancies.vacancy_id AND c.list = :after) AS opened
  FROM vacancies
  LEFT JOIN registration USING (vacancy_id)
  LEFT JOIN (SELECT vacancy_id, count(*) FILTER (WHERE submitted) AS submitted,
                    count(*) FILTER (WHERE submitted AND verified IS NULL AND NOT withdrawn) AS undecided
               FROM candidate WHERE vacancy_id IN (SELECT vacancy_id FROM vacancies) GROUP BY vacancy_id) AS applied USING (vacancy_id)
  LEFT JOIN (SELECT vacancy_id, sum(candidates) FILTER (WHERE gate NOT IN (4, 5)) AS active, sum(candidates) FILTER (WHERE gate = 6) AS waiting
               FROM tally WHERE list = :list AND vacancy_id IN (SELECT vacancy_id FROM vacancies) GROUP BY vacancy_id) AS listed USING (vacancy_id)
  LEFT JOIN (SELECT vacancy_id, count(*) AS sittings, count(*) FILTER (WHERE NOT closed) AS open,
                    sum(scored + missed + disqualified) AS counted,
                    sum((SELECT count(*) FROM result WHERE result.vacancy_id = sitting.vacancy_id AND result.sitting_id = sitting.sitting_id)) AS arrived
               FROM sitting WHERE stage = :stage AND vacancy_id IN (SELECT vacancy_id FROM vacancies) GROUP BY vacancy_id) AS sat USING (vacancy_id)
  LEFT JOIN closing ON closing.vacancy_id = vacancies.vacancy_id AND closing.list = :list
  LEFT JOIN stated ON stated.vacancy_id = vacancies.vacancy_id AND stated.list = :list
 ORDER BY vacancies.number;

-- name: keep_closings(list, round_id, at, reason, by, vacancies, versions, follows, digests, codes, limits, scores)!
-- Lists that an officer fixed, with the places that officers gave among equals who are on them.
-- `follows`, `reason` and `by` where it takes a fixed one's place.
INSERT INTO closing_version (vacancy_id, list, round_id, version, digest, codes, cut_limit, cut_score, closed_at, decided, follows, reason, adopted_by)
SELECT vacancy_id, :list, :round_id, version, digest, codes::jsonb, cut_limit, cut_score, :at,
       coalesce((SELECT jsonb_object_agg(participant_no, place) FROM tie_place JOIN standing USING (vacancy_id, list, participant_no)
                  WHERE tie_place.vacancy_id = new.vacancy_id AND tie_place.list = :list), '{}'),
       follows, :reason, :by
  FROM unnest(:vacancies::text[], :versions::integer[], :follows::integer[], :digests::text[], :codes::text[], :limits::integer[], :scores::text[])
    AS new (vacancy_id, version, follows, digest, codes, cut_limit, cut_score);

-- name: keep_closed_lines(list, vacancies, versions, places, participants, ranks, equals, scores, codes, points, admitted)!
-- Their lines, as they stay.
INSERT INTO closed_line_version (vacancy_id, list, version, place, participant_no, rank, equals, score, code, points, admitted)
SELECT vacancy_id, :list, version, place, participant_no, rank, equals, score, code, points::jsonb, admitted
  FROM unnest(:vacancies::text[], :versions::integer[], :places::integer[], :participants::text[], :ranks::integer[], :equals::integer[],
              :scores::text[], :codes::text[], :points::text[], :admitted::boolean[])
    AS new (vacancy_id, version, place, participant_no, rank, equals, score, code, points, admitted);

-- name: closing(vacancy_id, list)^
-- A closed list.
SELECT * FROM closing WHERE vacancy_id = :vacancy_id AND list = :list;

-- name: closed_lines_after(vacancy_id, list, after, most)
-- The next of its lines.
SELECT * FROM closed_line WHERE vacancy_id = :vacancy_id AND list = :list AND place > :after ORDER BY place LIMIT :most;

-- name: closed_line(vacancy_id, list, participant_no)^
-- One of its lines.
SELECT * FROM closed_line WHERE vacancy_id = :vacancy_id AND list = :list AND participant_no = :participant_no;

-- name: keep_tie_decision(decision_id, vacancy_id, list, participants, reason, decided_by, at)!
-- An officer's order of equals.
INSERT INTO tie_decision (decision_id, vacancy_id, list, participants, reason, decided_by, decided_at)
VALUES (:decision_id, :vacancy_id, :list, :participants, :reason, :decided_by, :at);

-- name: forget_tie_places(vacancy_id, list)
-- The places of an earlier decision give way; returns whose they were.
DELETE FROM tie_place WHERE vacancy_id = :vacancy_id AND list = :list RETURNING participant_no;

-- name: keep_tie_places(vacancy_id, list, decision_id, participants, places)!
-- The places of this decision.
INSERT INTO tie_place (vacancy_id, list, participant_no, place, decision_id)
SELECT :vacancy_id, :list, participant_no, place, :decision_id FROM unnest(:participants::text[], :places::smallint[]) AS new (participant_no, place);
