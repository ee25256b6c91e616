-- name: keep_rounds(round_ids, policies)!
-- Rounds with their policies; a round is opened once.
INSERT INTO round (round_id, policy)
SELECT * FROM unnest(:round_ids::text[], :policies::jsonb[])
ON CONFLICT DO NOTHING;

-- name: keep_vacancies(vacancy_ids, round_ids)!
-- Which round each vacancy belongs to; a vacancy is published once.
INSERT INTO vacancy (vacancy_id, round_id)
SELECT * FROM unnest(:vacancy_ids::text[], :round_ids::text[])
ON CONFLICT DO NOTHING;

-- name: keep_admissions(round_ids, participant_nos, bases, vacancy_ids)!
-- Candidates and the ground on which they may sit.
INSERT INTO admission (round_id, participant_no, basis, vacancy_id)
SELECT * FROM unnest(:round_ids::text[], :participant_nos::text[], :bases::text[], :vacancy_ids::text[])
ON CONFLICT DO NOTHING;

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
-- The same, once all who are recording in it have ended; nobody records in it until the transaction ends.
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
-- These participant numbers as they stand at the sitting's stage; one row for each.
SELECT asked.participant_no,
       coalesce(admitted.vacancy_id, verified.vacancy_id, result.vacancy_id) AS vacancy_id,
       admitted.vacancy_id IS NOT NULL AS admitted,
       covered.vacancy_id IS NOT NULL AS covered,
       withdrawal.participant_no IS NOT NULL AS withdrawn,
       closed_list.list IS NOT NULL AS list_closed,
       result.sitting_id AS recorded_in,
       result.state
FROM unnest(:participant_nos::text[]) AS asked (participant_no)
LEFT JOIN admission AS admitted
    ON admitted.round_id = :round_id AND admitted.participant_no = asked.participant_no AND admitted.basis = :basis
LEFT JOIN admission AS verified
    ON verified.round_id = :round_id AND verified.participant_no = asked.participant_no AND verified.basis = :verified
LEFT JOIN sitting_vacancy AS covered
    ON covered.sitting_id = :sitting_id AND covered.vacancy_id = coalesce(admitted.vacancy_id, verified.vacancy_id)
LEFT JOIN withdrawal
    ON withdrawal.round_id = :round_id AND withdrawal.participant_no = asked.participant_no
LEFT JOIN closed_list
    ON closed_list.list = :basis AND closed_list.vacancy_id = coalesce(admitted.vacancy_id, verified.vacancy_id)
LEFT JOIN result
    ON result.round_id = :round_id AND result.stage = :stage AND result.participant_no = asked.participant_no;

-- name: record_result(round_id, stage, participant_no, vacancy_id, sitting_id, state, points, at, gives_way)$
-- The candidate's result, where there is none yet or one of this sitting that gives way; nothing comes back where another stands.
INSERT INTO result AS known (round_id, stage, participant_no, vacancy_id, sitting_id, state, points, recorded_at)
VALUES (:round_id, :stage, :participant_no, :vacancy_id, :sitting_id, :state, :points, :at)
ON CONFLICT (round_id, stage, participant_no) DO UPDATE
SET state = excluded.state, points = excluded.points, recorded_at = excluded.recorded_at
WHERE known.sitting_id = excluded.sitting_id AND known.state = ANY (:gives_way::text[])
RETURNING true;

-- name: record_scores(round_id, stage, sitting_id, at, participant_nos, vacancy_ids, points)
-- Points of many candidates without a result, in the order of their numbers so that two files can't wait for each other; returns who got them.
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
-- Each vacancy of a sitting: its results here by state; how many are admitted, how many of them still wait for a result and who comes first; and how many the list before shortlisted.
SELECT covered.vacancy_id,
       coalesce(recorded.scored, 0) AS scored,
       coalesce(recorded.missed, 0) AS missed,
       coalesce(recorded.disqualified, 0) AS disqualified,
       coalesce(admitted.admitted, 0) AS admitted,
       coalesce(admitted.waiting, 0) AS waiting,
       coalesce(admitted.first, '{}') AS first,
       closed_list.shortlisted
FROM sitting_vacancy AS covered
LEFT JOIN (
    SELECT vacancy_id,
           count(*) FILTER (WHERE state = 'scored') AS scored,
           count(*) FILTER (WHERE state = 'missed') AS missed,
           count(*) FILTER (WHERE state = 'disqualified') AS disqualified
    FROM result WHERE sitting_id = :sitting_id GROUP BY vacancy_id
) AS recorded USING (vacancy_id)
LEFT JOIN (
    SELECT vacancy_id,
           count(*) AS admitted,
           count(*) FILTER (WHERE waits) AS waiting,
           (array_agg(participant_no ORDER BY participant_no) FILTER (WHERE waits))[1 : 5] AS first
    FROM (
        SELECT admission.vacancy_id, admission.participant_no,
               result.state IS NULL AND withdrawal.participant_no IS NULL AS waits
        FROM sitting_vacancy
        JOIN admission ON admission.vacancy_id = sitting_vacancy.vacancy_id AND admission.basis = :basis
        LEFT JOIN result
            ON result.round_id = :round_id AND result.stage = :stage AND result.participant_no = admission.participant_no
        LEFT JOIN withdrawal
            ON withdrawal.round_id = :round_id AND withdrawal.participant_no = admission.participant_no
        WHERE sitting_vacancy.sitting_id = :sitting_id
    ) AS candidate
    GROUP BY vacancy_id
) AS admitted USING (vacancy_id)
LEFT JOIN closed_list ON closed_list.vacancy_id = covered.vacancy_id AND closed_list.list = :basis
WHERE covered.sitting_id = :sitting_id
ORDER BY covered.vacancy_id;

-- name: queue(basis, round_id, stage, sitting_id, after_vacancy, after_number, state, most)
-- A page of a sitting's candidates by vacancy and number: who has a result here, and who is admitted, did not withdraw and has none anywhere.
SELECT admission.vacancy_id, admission.participant_no, coalesce(result.state, 'waiting') AS state, result.points
FROM sitting_vacancy
JOIN admission ON admission.vacancy_id = sitting_vacancy.vacancy_id AND admission.basis = :basis
LEFT JOIN result
    ON result.round_id = :round_id AND result.stage = :stage AND result.participant_no = admission.participant_no
WHERE sitting_vacancy.sitting_id = :sitting_id
  AND (:after_vacancy::text IS NULL
       OR (sitting_vacancy.vacancy_id >= :after_vacancy
           AND (sitting_vacancy.vacancy_id, admission.participant_no) > (:after_vacancy, :after_number)))
  AND (:state::text IS NULL OR coalesce(result.state, 'waiting') = :state)
  AND CASE WHEN result.state IS NULL
           THEN NOT EXISTS (
               SELECT FROM withdrawal
               WHERE withdrawal.round_id = :round_id AND withdrawal.participant_no = admission.participant_no)
           ELSE result.sitting_id = :sitting_id END
ORDER BY sitting_vacancy.vacancy_id, admission.participant_no
LIMIT :most;
