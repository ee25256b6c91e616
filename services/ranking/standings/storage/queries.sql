-- What the events of others say

-- name: lock_vacancies(vacancies, causes)!
-- Locks the vacancies in sorted order and marks their standings as owed. The first thing that every
-- change does.
INSERT INTO vacancy_lock (vacancy_id, changed_by)
SELECT vacancy_id, cause
  FROM unnest(:vacancies::text[], :causes::text[]) AS changed (vacancy_id, cause)
 ORDER BY vacancy_id COLLATE "C"
ON CONFLICT (vacancy_id) DO UPDATE
   SET change = excluded.change, changed_by = excluded.changed_by;

-- name: stay_unrebuilt(lock)$
-- True while no rebuild runs; none begins before the transaction ends.
SELECT pg_try_advisory_xact_lock_shared(:lock);

-- name: learn_round(round_id, name, policy, policy_hash, seed, decreed_seats, registration_opens,
--       sequence)!
-- A round and its policy.
INSERT INTO round AS known (round_id, name, policy, policy_hash, seed, decreed_seats,
                            registration_opens, sequence)
VALUES (:round_id, :name, :policy, :policy_hash, :seed, :decreed_seats, :registration_opens,
        :sequence)
ON CONFLICT (round_id) DO UPDATE
   SET name = excluded.name, policy = excluded.policy, policy_hash = excluded.policy_hash,
       seed = excluded.seed,
       decreed_seats = excluded.decreed_seats, registration_opens = excluded.registration_opens,
       sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: lock_rounds(rounds)!
-- Locks the rounds, also those of which nothing is known yet: a vacancy and its round may arrive in
-- two workers at once.
INSERT INTO round (round_id) SELECT round_id FROM unnest(:rounds::text[]) AS one (round_id)
    ORDER BY round_id COLLATE "C"
ON CONFLICT (round_id) DO UPDATE SET round_id = excluded.round_id;

-- name: learn_vacancies(vacancies, rounds, numbers, listings, agencies, posts, units, paths, needs,
--       seats, education, sequences)!
-- Vacancies as published; `education` as JSON texts.
INSERT INTO vacancy AS known (vacancy_id, round_id, number, listing_id, agency, post, unit_id,
                              unit_path, need, seats, education, sequence)
SELECT vacancy_id, round_id, number, listing_id, agency, post, unit_id, unit_path, need, seats,
    education::jsonb, sequence
  FROM unnest(:vacancies::text[], :rounds::text[], :numbers::integer[], :listings::text[],
              :agencies::text[], :posts::text[], :units::text[],
              :paths::text[], :needs::text[], :seats::integer[], :education::text[],
              :sequences::bigint[])
    AS new (vacancy_id, round_id, number, listing_id, agency, post, unit_id, unit_path, need, seats,
            education, sequence)
ON CONFLICT (vacancy_id) DO UPDATE
   SET round_id = excluded.round_id, number = excluded.number, listing_id = excluded.listing_id,
       agency = excluded.agency, post = excluded.post,
       unit_id = excluded.unit_id, unit_path = excluded.unit_path, need = excluded.need,
       seats = excluded.seats, education = excluded.education,
       sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_registrations(vacancies, submitted, sequences)!
-- How many applied for each vacancy in all.
INSERT INTO registration AS known (vacancy_id, submitted, sequence) SELECT *
    FROM unnest(:vacancies::text[], :submitted::integer[], :sequences::bigint[])
ON CONFLICT (vacancy_id) DO UPDATE SET submitted = excluded.submitted, sequence = excluded.sequence
    WHERE known.sequence < excluded.sequence;

-- name: learn_submissions(vacancies, participants)!
-- Who applied.
INSERT INTO candidate AS known (vacancy_id, participant_no, submitted)
    SELECT vacancy_id, participant_no, true
  FROM unnest(:vacancies::text[], :participants::text[]) AS new (vacancy_id, participant_no)
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET submitted = true WHERE NOT known.submitted;

-- name: learn_verifications(vacancies, participants, verified, sequences)!
-- Who meets the requirements (MS) and who doesn't (TMS).
INSERT INTO candidate AS known (vacancy_id, participant_no, verified, verified_sequence)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :verified::boolean[],
                     :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no) DO UPDATE
    SET verified = excluded.verified, verified_sequence = excluded.verified_sequence
 WHERE known.verified_sequence < excluded.verified_sequence;

-- name: learn_withdrawals(vacancies, participants)!
-- Who took the application back; it is never taken up again, so no sequence is needed.
INSERT INTO candidate AS known (vacancy_id, participant_no, withdrawn)
    SELECT vacancy_id, participant_no, true
  FROM unnest(:vacancies::text[], :participants::text[]) AS new (vacancy_id, participant_no)
ON CONFLICT (vacancy_id, participant_no) DO UPDATE SET withdrawn = true WHERE NOT known.withdrawn;

-- name: learn_applicant_facts(vacancies, participants, gpas, birth_dates, months, education,
--       priorities, sequences)!
-- Personal facts that ties use.
INSERT INTO applicant_facts AS known (vacancy_id, participant_no, gpa, birth_date,
                                      relevant_experience_months, education, priority, sequence)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :gpas::numeric[],
                     :birth_dates::date[], :months::integer[], :education::text[],
                     :priorities::text[], :sequences::bigint[])
ON CONFLICT (vacancy_id, participant_no) DO UPDATE
   SET gpa = excluded.gpa, birth_date = excluded.birth_date,
       relevant_experience_months = excluded.relevant_experience_months,
       education = excluded.education, priority = excluded.priority, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_rejections(vacancies, participants, reasons, sequences)!
-- Why applications were rejected; the reasons of each are joined by commas.
INSERT INTO rejection AS known (vacancy_id, participant_no, reasons, sequence)
SELECT vacancy_id, participant_no, string_to_array(reasons, ','), sequence
  FROM unnest(:vacancies::text[], :participants::text[], :reasons::text[], :sequences::bigint[])
    AS new (vacancy_id, participant_no, reasons, sequence)
ON CONFLICT (vacancy_id, participant_no) DO UPDATE
   SET reasons = excluded.reasons, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_sittings(vacancies, sittings, stages, sequences)!
-- Sittings that are to be; what closed one says is newer.
INSERT INTO sitting AS known (vacancy_id, sitting_id, stage, sequence)
SELECT * FROM unnest(:vacancies::text[], :sittings::uuid[], :stages::text[], :sequences::bigint[])
ON CONFLICT (vacancy_id, sitting_id) DO UPDATE
    SET stage = excluded.stage, sequence = excluded.sequence
    WHERE known.sequence < excluded.sequence;

-- name: learn_closed_sittings(vacancies, sittings, stages, scored, missed, disqualified,
--       sequences)!
-- Sittings that are over, with what they counted.
INSERT INTO sitting AS known (vacancy_id, sitting_id, stage, closed, scored, missed, disqualified,
                              sequence)
SELECT vacancy_id, sitting_id, stage, true, scored, missed, disqualified, sequence
  FROM unnest(:vacancies::text[], :sittings::uuid[], :stages::text[], :scored::integer[],
              :missed::integer[], :disqualified::integer[],
              :sequences::bigint[]) AS new (vacancy_id, sitting_id, stage, scored, missed,
                                            disqualified, sequence)
ON CONFLICT (vacancy_id, sitting_id) DO UPDATE
   SET stage = excluded.stage, closed = true, scored = excluded.scored, missed = excluded.missed,
       disqualified = excluded.disqualified,
       sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- name: learn_results(vacancies, participants, stages, sittings, outcomes, points, sequences)!
-- Results, the newest of each candidate in each sitting.
INSERT INTO result AS known (vacancy_id, participant_no, stage, sitting_id, outcome, points,
                             sequence)
SELECT vacancy_id, participant_no, stage, sitting_id, outcome, points::jsonb, sequence
  FROM unnest(:vacancies::text[], :participants::text[], :stages::text[], :sittings::uuid[],
              :outcomes::smallint[], :points::text[],
              :sequences::bigint[]) AS new (vacancy_id, participant_no, stage, sitting_id, outcome,
                                            points, sequence)
ON CONFLICT (vacancy_id, participant_no, stage, sitting_id) DO UPDATE
   SET outcome = excluded.outcome, points = excluded.points, sequence = excluded.sequence
 WHERE known.sequence < excluded.sequence;

-- What is known

-- name: vacancies_known(vacancies)
-- Vacancies whose round is known too, and which of their lists are closed; the first of each round
-- comes with its policy, as JSON text.
SELECT vacancy.vacancy_id, vacancy.round_id, vacancy.need, vacancy.seats, round.seed,
       CASE row_number() OVER (PARTITION BY vacancy.round_id ORDER BY vacancy.vacancy_id)
           WHEN 1 THEN round.policy::text END AS policy,
       (SELECT array_agg(closing.list) FROM closing
       WHERE closing.vacancy_id = vacancy.vacancy_id) AS closed
  FROM vacancy JOIN round USING (round_id)
 WHERE vacancy.vacancy_id = ANY (:vacancies::text[]) AND round.policy IS NOT NULL
 ORDER BY vacancy.vacancy_id;

-- name: vacancies_of_round(round_id)
-- All vacancies of a round.
SELECT vacancy_id FROM vacancy WHERE round_id = :round_id ORDER BY vacancy_id;

-- name: vacancies_to_recompute()
-- All vacancies that anything is known of.
SELECT vacancy_id FROM vacancy_lock ORDER BY vacancy_id;

-- name: candidates_of(vacancies)
-- Everyone of whom anything is known in these vacancies.
SELECT vacancy_id, participant_no FROM candidate WHERE vacancy_id = ANY (:vacancies::text[])
    ORDER BY vacancy_id, participant_no;

-- name: candidates(vacancies, participants)
-- What applications said of these candidates, a row for each result, oldest first: of several
-- sittings of a stage the newest counts.
SELECT candidate.vacancy_id, candidate.participant_no, candidate.verified, candidate.withdrawn,
    result.stage, result.outcome, result.points
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN candidate ON candidate.vacancy_id = asked.vacancy_id
      AND candidate.participant_no = asked.participant_no
  LEFT JOIN result ON result.vacancy_id = asked.vacancy_id
      AND result.participant_no = asked.participant_no
 ORDER BY result.sequence;

-- name: facts_of(vacancies, participants)
-- Personal facts of these candidates.
SELECT applicant_facts.vacancy_id, applicant_facts.participant_no, gpa, birth_date,
    relevant_experience_months, education, priority
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN applicant_facts ON applicant_facts.vacancy_id = asked.vacancy_id
      AND applicant_facts.participant_no = asked.participant_no;

-- name: results_of(vacancies, participants)
-- Results of these candidates, oldest first: of several sittings of a stage the newest result
-- counts.
SELECT result.vacancy_id, result.participant_no, result.stage, result.outcome, result.points
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN result ON result.vacancy_id = asked.vacancy_id
      AND result.participant_no = asked.participant_no
 ORDER BY result.sequence;

-- name: admissions_of(vacancies, participants)
-- Closed lists that admitted these candidates to what comes after.
SELECT closed_line.vacancy_id, closed_line.participant_no, closed_line.list
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN closed_line ON closed_line.vacancy_id = asked.vacancy_id
      AND closed_line.participant_no = asked.participant_no AND closed_line.admitted;

-- name: decided_places(vacancies)
-- Places that officers gave among equals.
SELECT vacancy_id, participant_no, list, place FROM tie_place
    WHERE vacancy_id = ANY (:vacancies::text[]);

-- Where they stand

-- name: place(vacancies, lists, participants, gates, scores, keys)
-- Writes where candidates stand, and moves the counts by what changed, in one statement; returns
-- the counts that came to nothing.
WITH new AS (
    SELECT * FROM unnest(:vacancies::text[], :lists::text[], :participants::text[],
                         :gates::smallint[], :scores::bigint[], :keys::bytea[])
               AS new (vacancy_id, list, participant_no, gate, score, merit_key)
), old AS (
    SELECT known.vacancy_id, known.list, known.gate, known.score
      FROM new JOIN standing AS known
        ON known.vacancy_id = new.vacancy_id AND known.list = new.list
            AND known.participant_no = new.participant_no
       AND known.merit_key <> new.merit_key
), written AS (
    INSERT INTO standing AS known (vacancy_id, list, participant_no, gate, score, merit_key)
        SELECT * FROM new
    ON CONFLICT (vacancy_id, list, participant_no) DO UPDATE
       SET gate = excluded.gate, score = excluded.score, merit_key = excluded.merit_key
     WHERE known.merit_key <> excluded.merit_key
    RETURNING vacancy_id, list, gate, score
), moved AS (
    SELECT vacancy_id, list, gate, coalesce(score, 0) AS score, sum(by)::integer AS by
      FROM (SELECT vacancy_id, list, gate, score, 1 AS by FROM written UNION ALL
          SELECT vacancy_id, list, gate, score, -1 FROM old) AS each
     GROUP BY 1, 2, 3, 4 HAVING sum(by) <> 0 ORDER BY 1, 2, 3, 4
), counted AS (
    INSERT INTO tally AS known (vacancy_id, list, gate, score, candidates) SELECT * FROM moved
    ON CONFLICT (vacancy_id, list, gate, score) DO UPDATE
        SET candidates = known.candidates + excluded.candidates
    RETURNING vacancy_id, list, gate, score, candidates
)
SELECT vacancy_id, list, gate, score FROM counted WHERE candidates = 0;

-- name: displace(vacancies, lists, participants)
-- Takes candidates off a list that they are no longer admitted to; returns the counts that came to
-- nothing.
WITH gone AS (
    DELETE FROM standing USING unnest(:vacancies::text[], :lists::text[],
                                      :participants::text[]) AS gone (vacancy_id, list,
    participant_no)
     WHERE standing.vacancy_id = gone.vacancy_id AND standing.list = gone.list
         AND standing.participant_no = gone.participant_no
    RETURNING standing.vacancy_id, standing.list, standing.gate, standing.score
), moved AS (
    SELECT vacancy_id, list, gate, coalesce(score, 0) AS score, count(*)::integer AS by FROM gone
        GROUP BY 1, 2, 3, 4
), counted AS (
    UPDATE tally SET candidates = tally.candidates - moved.by FROM moved
     WHERE tally.vacancy_id = moved.vacancy_id AND tally.list = moved.list
         AND tally.gate = moved.gate AND tally.score = moved.score
    RETURNING tally.vacancy_id, tally.list, tally.gate, tally.score, tally.candidates
)
SELECT vacancy_id, list, gate, score FROM counted WHERE candidates = 0;

-- name: forget_counts(vacancies, lists, gates, scores)!
-- Removes counts that came to nothing, so that the tables say the same whatever came first.
DELETE FROM tally USING unnest(:vacancies::text[], :lists::text[], :gates::smallint[],
                               :scores::bigint[]) AS gone (vacancy_id, list, gate, score)
 WHERE tally.vacancy_id = gone.vacancy_id AND tally.list = gone.list AND tally.gate = gone.gate
     AND tally.score = gone.score
   AND tally.candidates = 0;

-- name: notify(payloads)!
-- Wakes whoever streams these vacancies.
SELECT pg_notify('ranking_standings', vacancies) FROM unnest(:payloads::text[]) AS one (vacancies);

-- Whole lists

-- name: lines(last, vacancies, list)
-- Every line of one list of these vacancies, by participant number. `shared` is the rank of all
-- whom score and ties don't tell apart, `alike` how many they are, `decided` for how many of them
-- an officer gave a place; the last bytes of a ranked key are that place (2) and the last resort.
SELECT vacancy_id, participant_no, gate, score,
       row_number() OVER (PARTITION BY vacancy_id ORDER BY merit_key) AS place,
       rank() OVER (PARTITION BY vacancy_id ORDER BY alike_key) AS shared,
       count(*) OVER (PARTITION BY vacancy_id, alike_key) AS alike,
       count(*) FILTER (WHERE decision <> '\xffff') OVER (PARTITION BY vacancy_id,
       alike_key) AS decided
  FROM (SELECT *, CASE gate WHEN 0 THEN substring(merit_key
      FROM 1 FOR length(merit_key) - :last - 2) ELSE merit_key END AS alike_key,
               CASE gate WHEN 0 THEN substring(merit_key FROM length(merit_key) - :last - 1 FOR 2)
                   ELSE '\xffff' END AS decision
          FROM standing WHERE vacancy_id = ANY (:vacancies::text[]) AND list = :list) AS each
 ORDER BY vacancy_id, participant_no;

-- name: try_lock_stating()$
-- True for the one worker that states standings in this transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended('ranking.state_standings', 0));

-- name: lock_stating()!
-- The same, waiting for whoever states now: their versions are seen then.
SELECT pg_advisory_xact_lock(hashtextextended('ranking.state_standings', 0));

-- name: owed(since, now, most)
-- Vacancies whose standings changed since they were stated, and were not stated since then. What
-- was stated by a clock that went ahead of this one holds nothing back.
SELECT vacancy_lock.vacancy_id, vacancy_lock.change, vacancy_lock.changed_by
  FROM vacancy_lock LEFT JOIN caught_up USING (vacancy_id)
 WHERE vacancy_lock.change IS DISTINCT FROM caught_up.change
   AND NOT EXISTS (SELECT FROM stated
                    WHERE stated.vacancy_id = vacancy_lock.vacancy_id
                      AND stated.stated_at > :since AND stated.stated_at <= :now)
 ORDER BY vacancy_lock.change LIMIT :most;

-- name: catch_up(vacancies, changes)!
-- Settles the marks up to the changes that were seen.
INSERT INTO caught_up AS known (vacancy_id, change) SELECT *
    FROM unnest(:vacancies::text[], :changes::bigint[])
ON CONFLICT (vacancy_id) DO UPDATE SET change = excluded.change;

-- name: stated(vacancies)
-- The newest version of each list of these vacancies.
SELECT vacancy_id, list, version, digest FROM stated WHERE vacancy_id = ANY (:vacancies::text[]);

-- name: keep_stated(at, vacancies, lists, versions, digests)!
-- The newest versions.
INSERT INTO stated (vacancy_id, list, version, digest, stated_at)
SELECT vacancy_id, list, version, digest, :at FROM unnest(:vacancies::text[], :lists::text[],
    :versions::integer[], :digests::text[])
    AS new (vacancy_id, list, version, digest)
ON CONFLICT (vacancy_id, list) DO UPDATE SET version = excluded.version, digest = excluded.digest,
    stated_at = excluded.stated_at;

-- name: restore_stated(vacancies, lists, versions, digests, times)!
-- Versions that the log has, where no newer one is known.
INSERT INTO stated AS known (vacancy_id, list, version, digest, stated_at)
SELECT * FROM unnest(:vacancies::text[], :lists::text[], :versions::integer[], :digests::text[],
                     :times::timestamptz[])
ON CONFLICT (vacancy_id, list) DO UPDATE SET version = excluded.version, digest = excluded.digest,
    stated_at = excluded.stated_at
WHERE known.version < excluded.version;

-- One list, by the index

-- name: standing_of(vacancy_id, list, participant_no)^
-- Where a candidate stands.
SELECT participant_no, gate, score, merit_key FROM standing
    WHERE vacancy_id = :vacancy_id AND list = :list AND participant_no = :participant_no;

-- name: last_ranked(vacancy_id, list)^
-- The last line that has a rank.
SELECT participant_no, gate, score, merit_key FROM standing
 WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key < '\x01' ORDER BY merit_key DESC
     LIMIT 1;

-- name: gates(vacancy_id, list)
-- How many are held at each gate.
SELECT gate, sum(candidates)::bigint AS candidates FROM tally
    WHERE vacancy_id = :vacancy_id AND list = :list GROUP BY gate;

-- name: version(vacancy_id, list)$
-- The newest version that was stated.
SELECT version FROM stated WHERE vacancy_id = :vacancy_id AND list = :list;

-- name: lists_version(vacancy_id)$
-- What a vacancy's lists go by: equal twice, nothing of those that are fixed has changed.
SELECT concat_ws('/', vacancy.sequence, round.sequence,
                 (SELECT change FROM vacancy_lock WHERE vacancy_lock.vacancy_id = :vacancy_id),
                 (SELECT count(*) FROM closing_version WHERE vacancy_id = :vacancy_id))
  FROM vacancy LEFT JOIN round USING (round_id)
 WHERE vacancy_id = :vacancy_id;

-- name: closing(vacancy_id, list)^
-- A closed list.
SELECT * FROM closing WHERE vacancy_id = :vacancy_id AND list = :list;

-- name: closed_lines_after(vacancy_id, list, after, most)
-- The next of its lines.
SELECT * FROM closed_line WHERE vacancy_id = :vacancy_id AND list = :list AND place > :after
    ORDER BY place LIMIT :most;

-- name: closed_line(vacancy_id, list, participant_no)^
-- One of its lines.
SELECT * FROM closed_line WHERE vacancy_id = :vacancy_id AND list = :list
    AND participant_no = :participant_no;

-- name: fixed_facts(vacancy_id, list, participants)
-- The personal facts by which candidates were ranked on a fixed list.
SELECT participant_no, gpa, birth_date, relevant_experience_months, education, priority
    FROM closed_fact
 WHERE vacancy_id = :vacancy_id AND list = :list AND participant_no = ANY (:participants::text[]);

-- name: fixed_lines_of(vacancy_id, list, version, participants)
-- Lines of one of them, of these candidates.
SELECT participant_no, rank, equals, points FROM closed_line_version
 WHERE vacancy_id = :vacancy_id AND list = :list AND version = :version
     AND participant_no = ANY (:participants::text[]);
