-- name: keep_rounds(round_ids, policies)!
-- Rounds with their policies; a round is opened once.
INSERT INTO round (round_id, policy)
SELECT * FROM unnest(:round_ids::text[], :policies::jsonb[])
ON CONFLICT DO NOTHING;

-- name: keep_vacancies(vacancy_ids, round_ids, needs)!
-- Which round each vacancy belongs to, and its kind of need; a vacancy is published once.
INSERT INTO vacancy (vacancy_id, round_id, need)
SELECT * FROM unnest(:vacancy_ids::text[], :round_ids::text[], :needs::text[])
ON CONFLICT DO NOTHING;

-- name: keep_admissions(revoked, round_ids, participant_nos, bases, vacancy_ids, sequences)!
-- Candidates and the ground on which they may sit, or no longer may; a batch holds each once.
INSERT INTO admission AS known (round_id, participant_no, basis, vacancy_id, revoked, sequence)
SELECT round_id, participant_no, basis, vacancy_id, :revoked, sequence
FROM unnest(:round_ids::text[], :participant_nos::text[], :bases::text[], :vacancy_ids::text[], :sequences::bigint[])
    AS new (round_id, participant_no, basis, vacancy_id, sequence)
ON CONFLICT (round_id, participant_no, basis) DO UPDATE
SET vacancy_id = excluded.vacancy_id, revoked = excluded.revoked, sequence = excluded.sequence
WHERE known.sequence < excluded.sequence;

-- name: keep_withdrawals(round_ids, participant_nos)!
-- Candidates who took their application back, for good.
INSERT INTO withdrawal (round_id, participant_no)
SELECT * FROM unnest(:round_ids::text[], :participant_nos::text[])
ON CONFLICT DO NOTHING;

-- name: keep_closed_lists(vacancy_ids, lists, shortlisted, sequences)!
-- How many each list shortlisted, by the newest event; a batch holds each list once.
INSERT INTO closed_list AS known (vacancy_id, list, shortlisted, sequence)
SELECT * FROM unnest(:vacancy_ids::text[], :lists::text[], :shortlisted::integer[], :sequences::bigint[])
ON CONFLICT (vacancy_id, list) DO UPDATE SET shortlisted = excluded.shortlisted, sequence = excluded.sequence
WHERE known.sequence < excluded.sequence;

-- name: policy_of_round(round_id)$
-- A round's policy as JSON text.
SELECT policy::text FROM round WHERE round_id = :round_id;

-- name: vacancies_not_in_round(vacancy_ids, round_id)
-- Which of these vacancies are not known to belong to the round.
SELECT asked.vacancy_id
FROM unnest(:vacancy_ids::text[]) AS asked (vacancy_id)
WHERE NOT EXISTS (SELECT FROM vacancy WHERE vacancy.vacancy_id = asked.vacancy_id AND vacancy.round_id = :round_id)
ORDER BY asked.vacancy_id;

-- name: insert_sitting(sitting_id, round_id, stage, site, starts_at)!
-- A new sitting.
INSERT INTO sitting (sitting_id, round_id, stage, site, starts_at)
VALUES (:sitting_id, :round_id, :stage, :site, :starts_at);

-- name: insert_sitting_vacancies(sitting_id, vacancy_ids)!
-- The vacancies that it holds.
INSERT INTO sitting_vacancy (sitting_id, vacancy_id) SELECT :sitting_id, unnest(:vacancy_ids::text[]);

-- name: sitting(sitting_id)^
-- A sitting with its round's policy as JSON text.
SELECT sitting.*, round.policy::text AS policy
FROM sitting LEFT JOIN round USING (round_id)
WHERE sitting_id = :sitting_id;

-- name: share_sitting(sitting_id)^
-- The same, held open until the transaction ends: it can't be closed meanwhile.
SELECT sitting.*, round.policy::text AS policy
FROM sitting LEFT JOIN round USING (round_id)
WHERE sitting_id = :sitting_id
FOR SHARE OF sitting;

-- name: claim_sitting(sitting_id)^
-- The same, once all who are recording in it have ended; nobody records in it until the transaction
-- ends.
SELECT sitting.*, round.policy::text AS policy
FROM sitting LEFT JOIN round USING (round_id)
WHERE sitting_id = :sitting_id
FOR UPDATE OF sitting;

-- name: close_sitting(at, sitting_id)!
-- From here on it takes no first results.
UPDATE sitting SET closed_at = :at WHERE sitting_id = :sitting_id;

-- name: sittings(round_id, stage, after, most)
-- A page of sittings in the order in which they were scheduled (their ids grow with time).
SELECT sitting_id, round_id, stage, site, starts_at, closed_at
FROM sitting
WHERE (:round_id::text IS NULL OR round_id = :round_id)
  AND (:stage::text IS NULL OR stage = :stage)
  AND (:after::uuid IS NULL OR sitting_id > :after)
ORDER BY sitting_id
LIMIT :most;

-- name: candidates(participant_nos, round_id, basis, verified, sitting_id, stage)
-- These participant numbers as they stand at the sitting's stage; one row for each. Each fact is
-- looked up by its key, however little the planner knows of tables that were filled a moment ago: a
-- join that it takes for small can cost minutes.
SELECT asked.participant_no,
       coalesce(known.vacancy_id, result.vacancy_id) AS vacancy_id,
       (SELECT need FROM vacancy WHERE vacancy.vacancy_id = coalesce(known.vacancy_id, result.vacancy_id)) AS need,
       coalesce(known.admitted, false) AS admitted,
       EXISTS (
           SELECT FROM sitting_vacancy
           WHERE sitting_vacancy.sitting_id = :sitting_id AND sitting_vacancy.vacancy_id = known.vacancy_id) AS covered,
       EXISTS (
           SELECT FROM withdrawal
           WHERE withdrawal.round_id = :round_id AND withdrawal.participant_no = asked.participant_no) AS withdrawn,
       EXISTS (
           SELECT FROM closed_list
           WHERE closed_list.vacancy_id = known.vacancy_id AND closed_list.list = :basis) AS list_closed,
       result.sitting_id AS recorded_in,
       result.state
FROM unnest(:participant_nos::text[]) AS asked (participant_no)
LEFT JOIN LATERAL (
    SELECT admission.vacancy_id, admission.basis = :basis AS admitted
    FROM admission
    WHERE admission.round_id = :round_id AND admission.participant_no = asked.participant_no
      AND admission.basis IN (:basis, :verified) AND NOT admission.revoked
    ORDER BY admitted DESC
    LIMIT 1
) AS known ON true
LEFT JOIN LATERAL (
    SELECT result.vacancy_id, result.sitting_id, result.state
    FROM result
    WHERE result.round_id = :round_id AND result.stage = :stage AND result.participant_no = asked.participant_no
    LIMIT 1
) AS result ON true;

-- name: record_result(round_id, stage, participant_no, vacancy_id, sitting_id, state, points, at, gives_way)$
-- The candidate's result, where there is none yet or one of this sitting that gives way; nothing
-- comes back where another stands.
INSERT INTO result AS known (round_id, stage, participant_no, vacancy_id, sitting_id, state, points, recorded_at)
VALUES (:round_id, :stage, :participant_no, :vacancy_id, :sitting_id, :state, :points, :at)
ON CONFLICT (round_id, stage, participant_no) DO UPDATE
SET state = excluded.state, points = excluded.points, recorded_at = excluded.recorded_at
WHERE known.sitting_id = excluded.sitting_id AND known.state = ANY (:gives_way::text[])
RETURNING true;

-- name: record_scores(round_id, stage, sitting_id, at, participant_nos, vacancy_ids, points)
-- Points of many candidates without a result, in the order of their numbers so that two files can't
-- wait for each other; returns who got them.
INSERT INTO result (round_id, stage, participant_no, vacancy_id, sitting_id, state, points, recorded_at)
SELECT :round_id, :stage, row.participant_no, row.vacancy_id, :sitting_id, 'scored', row.points, :at
FROM unnest(:participant_nos::text[], :vacancy_ids::text[], :points::jsonb[]) AS row (participant_no, vacancy_id, points)
ORDER BY row.participant_no
ON CONFLICT DO NOTHING
RETURNING participant_no;

-- name: lock_result(round_id, stage, participant_no)$
-- Holds a candidate's result until the transaction ends.
SELECT true FROM result
WHERE round_id = :round_id AND stage = :stage AND participant_no = :participant_no
FOR UPDATE;

-- name: correct_result(points, at, round_id, stage, participant_no)!
-- Other points for a candidate who has some.
UPDATE result SET points = :points, recorded_at = :at
WHERE round_id = :round_id AND stage = :stage AND participant_no = :participant_no;

-- name: keep_reason(round_id, stage, participant_no, decision, reason, at)!
-- The words behind a decision about a candidate.
INSERT INTO personal_reason (round_id, stage, participant_no, decision, reason, at)
VALUES (:round_id, :stage, :participant_no, :decision, :reason, :at);

-- name: tallies(sitting_id, basis, round_id, stage)
-- Each vacancy of a sitting: its results here by state; how many are admitted, how many of them
-- still wait for a result and who comes first; and how many the list before shortlisted. Facts are
-- looked up as in `candidates`.
SELECT covered.vacancy_id,
       recorded.scored, recorded.missed, recorded.disqualified,
       candidates.admitted, candidates.waiting, coalesce(candidates.first, '{}') AS first,
       (SELECT shortlisted FROM closed_list
        WHERE closed_list.vacancy_id = covered.vacancy_id AND closed_list.list = :basis) AS shortlisted
FROM sitting_vacancy AS covered
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'scored') AS scored,
           count(*) FILTER (WHERE state = 'missed') AS missed,
           count(*) FILTER (WHERE state = 'disqualified') AS disqualified
    FROM result
    WHERE result.sitting_id = covered.sitting_id AND result.vacancy_id = covered.vacancy_id
) AS recorded
CROSS JOIN LATERAL (
    SELECT count(*) AS admitted,
           count(*) FILTER (WHERE waits) AS waiting,
           (array_agg(participant_no ORDER BY participant_no) FILTER (WHERE waits))[1 : 5] AS first
    FROM (
        SELECT admission.participant_no,
               (SELECT true FROM result
                WHERE result.round_id = :round_id AND result.stage = :stage
                  AND result.participant_no = admission.participant_no) IS NULL
               AND (SELECT true FROM withdrawal
                    WHERE withdrawal.round_id = :round_id
                      AND withdrawal.participant_no = admission.participant_no) IS NULL AS waits
        FROM admission
        WHERE admission.vacancy_id = covered.vacancy_id AND admission.basis = :basis AND NOT admission.revoked
        OFFSET 0
    ) AS candidate
) AS candidates
WHERE covered.sitting_id = :sitting_id
ORDER BY covered.vacancy_id;

-- name: queue(sitting_id, basis, after_vacancy, after_number, round_id, stage, state, most)
-- A page of a sitting's candidates by vacancy and number: who has a result here, and who is
-- admitted, did not withdraw and has none anywhere.
SELECT admission.vacancy_id, admission.participant_no, coalesce(result.state, 'waiting') AS state, result.points
FROM sitting_vacancy
JOIN admission ON admission.vacancy_id = sitting_vacancy.vacancy_id AND admission.basis = :basis
LEFT JOIN LATERAL (
    SELECT result.sitting_id, result.state, result.points
    FROM result
    WHERE result.round_id = :round_id AND result.stage = :stage AND result.participant_no = admission.participant_no
    LIMIT 1
) AS result ON true
WHERE sitting_vacancy.sitting_id = :sitting_id
  AND (:after_vacancy::text IS NULL
       OR (sitting_vacancy.vacancy_id >= :after_vacancy
           AND (sitting_vacancy.vacancy_id, admission.participant_no) > (:after_vacancy, :after_number)))
  AND (:state::text IS NULL OR coalesce(result.state, 'waiting') = :state)
  AND CASE WHEN result.state IS NULL
           THEN NOT admission.revoked
                AND (SELECT true FROM withdrawal
                     WHERE withdrawal.round_id = :round_id
                       AND withdrawal.participant_no = admission.participant_no) IS NULL
           ELSE result.sitting_id = :sitting_id END
ORDER BY sitting_vacancy.vacancy_id, admission.participant_no
LIMIT :most;
