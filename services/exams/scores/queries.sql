-- name: examinees(participant_nos, round_id, basis, verified, sitting_id, stage)
-- These participant numbers as they stand at the sitting's stage; one row for each. Each fact is
-- looked up by its key, however little the planner knows of tables that were filled a moment ago: a
-- join that it takes for small can cost minutes.
SELECT asked.participant_no,
       coalesce(known.vacancy_id, result.vacancy_id) AS vacancy_id,
       (SELECT need FROM vacancy
        WHERE vacancy.vacancy_id = coalesce(known.vacancy_id, result.vacancy_id)) AS need,
       coalesce(known.admitted, false) AS admitted,
       EXISTS (
           SELECT FROM sitting_vacancy
           WHERE sitting_vacancy.sitting_id = :sitting_id
               AND sitting_vacancy.vacancy_id = known.vacancy_id) AS covered,
       EXISTS (
           SELECT FROM withdrawal
           WHERE withdrawal.round_id = :round_id
               AND withdrawal.participant_no = asked.participant_no) AS withdrawn,
       EXISTS (
           SELECT FROM closed_list
           WHERE closed_list.vacancy_id = known.vacancy_id
               AND closed_list.list = :basis) AS list_closed,
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
    WHERE result.round_id = :round_id AND result.stage = :stage
        AND result.participant_no = asked.participant_no
    LIMIT 1
) AS result ON true;

-- name: record_result(round_id, stage, participant_no, vacancy_id, sitting_id, state, points, at,
--     gives_way)$
-- The candidate's result, where there is none yet or one of this sitting that gives way; nothing
-- comes back where another stands.
INSERT INTO result AS known (round_id, stage, participant_no, vacancy_id, sitting_id, state, points,
                             recorded_at)
VALUES (:round_id, :stage, :participant_no, :vacancy_id, :sitting_id, :state, :points, :at)
ON CONFLICT (round_id, stage, participant_no) DO UPDATE
SET state = excluded.state, points = excluded.points, recorded_at = excluded.recorded_at
WHERE known.sitting_id = excluded.sitting_id AND known.state = ANY (:gives_way::text[])
RETURNING true;

-- name: restore_results(round_ids, stages, participant_nos, vacancy_ids, sitting_ids, states,
--     points, times)
-- Results that the log has, each once, where their sitting is known and none is recorded later;
-- returns which ones were taken in.
INSERT INTO result AS known (round_id, stage, participant_no, vacancy_id, sitting_id, state, points,
                             recorded_at)
SELECT on_log.round_id, on_log.stage, on_log.participant_no, on_log.vacancy_id, on_log.sitting_id,
       on_log.state, on_log.points::jsonb, on_log.at
FROM unnest(:round_ids::text[], :stages::text[], :participant_nos::text[], :vacancy_ids::text[],
            :sitting_ids::uuid[], :states::text[], :points::text[], :times::timestamptz[])
    AS on_log (round_id, stage, participant_no, vacancy_id, sitting_id, state, points, at)
JOIN sitting_vacancy USING (sitting_id, vacancy_id)
ON CONFLICT (round_id, stage, participant_no) DO UPDATE
SET vacancy_id = excluded.vacancy_id, sitting_id = excluded.sitting_id, state = excluded.state,
    points = excluded.points, recorded_at = excluded.recorded_at
WHERE known.recorded_at <= excluded.recorded_at
RETURNING round_id, stage, participant_no;

-- name: lock_imports(stage)!
-- One import of scores at a time for a stage of a round, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('scores/' || :stage, 0));

-- name: record_scores(round_id, stage, sitting_id, at, participant_nos, vacancy_ids, points)
-- Points of many candidates without a result; returns who got them.
INSERT INTO result (round_id, stage, participant_no, vacancy_id, sitting_id, state, points,
                    recorded_at)
SELECT :round_id, :stage, row.participant_no, row.vacancy_id, :sitting_id, 'scored', row.points, :at
FROM unnest(:participant_nos::text[], :vacancy_ids::text[], :points::jsonb[])
    AS row (participant_no, vacancy_id, points)
ORDER BY row.participant_no
ON CONFLICT DO NOTHING
RETURNING participant_no;

-- name: lock_result(round_id, stage, participant_no)$
-- Holds a candidate's result until the transaction ends.
SELECT true FROM result
WHERE round_id = :round_id AND stage = :stage AND participant_no = :participant_no
FOR UPDATE;

-- name: correct_result(state, points, at, round_id, stage, participant_no)!
-- Another result for a candidate who has one.
UPDATE result SET state = :state, points = :points, recorded_at = :at
WHERE round_id = :round_id AND stage = :stage AND participant_no = :participant_no;

-- name: insert_reason(round_id, stage, participant_no, decision, reason, at)!
-- The words behind a decision about a candidate.
INSERT INTO personal_reason (round_id, stage, participant_no, decision, reason, at)
VALUES (:round_id, :stage, :participant_no, :decision, :reason, :at);

-- name: progress(sitting_id, basis, round_id, stage)
-- Each vacancy of a sitting: its results here by state; how many are admitted, how many of them
-- still wait for a result and who comes first; and how many the list before shortlisted. Facts are
-- looked up as in `examinees`.
SELECT covered.vacancy_id,
       recorded.scored, recorded.missed, recorded.disqualified,
       candidates.admitted, candidates.waiting,
       coalesce(candidates.first_waiting, '{}') AS first_waiting,
       (SELECT shortlisted FROM closed_list
        WHERE closed_list.vacancy_id = covered.vacancy_id
            AND closed_list.list = :basis) AS shortlisted
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
           (array_agg(participant_no ORDER BY participant_no)
           FILTER (WHERE waits))[1 : 5] AS first_waiting
    FROM (
        SELECT admission.participant_no,
               (SELECT true FROM result
                WHERE result.round_id = :round_id AND result.stage = :stage
                  AND result.participant_no = admission.participant_no) IS NULL
               AND (SELECT true FROM withdrawal
                    WHERE withdrawal.round_id = :round_id
                      AND withdrawal.participant_no = admission.participant_no) IS NULL AS waits
        FROM admission
        WHERE admission.vacancy_id = covered.vacancy_id AND admission.basis = :basis
            AND NOT admission.revoked
        OFFSET 0
    ) AS candidate
) AS candidates
WHERE covered.sitting_id = :sitting_id
ORDER BY covered.vacancy_id;

-- name: candidates_of_sitting(sitting_id, basis, after_vacancy, after_number, round_id, stage,
--     state, participant_no, most)
-- A page of a sitting's candidates by vacancy and number: who has a result here, and who is
-- admitted, did not withdraw and has none anywhere.
SELECT admission.vacancy_id, admission.participant_no, coalesce(result.state, 'waiting') AS state,
    result.points
FROM sitting_vacancy
JOIN admission ON admission.vacancy_id = sitting_vacancy.vacancy_id AND admission.basis = :basis
LEFT JOIN LATERAL (
    SELECT result.sitting_id, result.state, result.points
    FROM result
    WHERE result.round_id = :round_id AND result.stage = :stage
        AND result.participant_no = admission.participant_no
    LIMIT 1
) AS result ON true
WHERE sitting_vacancy.sitting_id = :sitting_id
  AND (:after_vacancy::text IS NULL
       OR (sitting_vacancy.vacancy_id >= :after_vacancy
           AND (sitting_vacancy.vacancy_id, admission.participant_no)
               > (:after_vacancy, :after_number)))
  AND (:state::text IS NULL OR coalesce(result.state, 'waiting') = :state)
  AND (:participant_no::text IS NULL OR admission.participant_no = :participant_no)
  AND CASE WHEN result.state IS NULL
           THEN NOT admission.revoked
                AND (SELECT true FROM withdrawal
                     WHERE withdrawal.round_id = :round_id
                       AND withdrawal.participant_no = admission.participant_no) IS NULL
           ELSE result.sitting_id = :sitting_id END
ORDER BY sitting_vacancy.vacancy_id, admission.participant_no
LIMIT :most;
