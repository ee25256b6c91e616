-- name: insert_rounds(round_ids, policies)!
-- Rounds with their policies; a round is opened once.
INSERT INTO round (round_id, policy)
SELECT * FROM unnest(:round_ids::text[], :policies::jsonb[])
ON CONFLICT DO NOTHING;

-- name: insert_vacancies(vacancy_ids, round_ids, needs)!
-- Which round each vacancy belongs to, and its kind of need; a vacancy is published once.
INSERT INTO vacancy (vacancy_id, round_id, need)
SELECT * FROM unnest(:vacancy_ids::text[], :round_ids::text[], :needs::text[])
ON CONFLICT DO NOTHING;

-- name: upsert_admissions(revoked, round_ids, participant_nos, bases, vacancy_ids, sequences)!
-- Candidates and the ground on which they may sit, or no longer may; a batch holds each once.
INSERT INTO admission AS known (round_id, participant_no, basis, vacancy_id, revoked, sequence)
SELECT round_id, participant_no, basis, vacancy_id, :revoked, sequence
FROM unnest(:round_ids::text[], :participant_nos::text[], :bases::text[], :vacancy_ids::text[],
            :sequences::bigint[])
    AS new (round_id, participant_no, basis, vacancy_id, sequence)
ON CONFLICT (round_id, participant_no, basis) DO UPDATE
SET vacancy_id = excluded.vacancy_id, revoked = excluded.revoked, sequence = excluded.sequence
WHERE known.sequence < excluded.sequence;

-- name: insert_withdrawals(round_ids, participant_nos)!
-- Candidates who took their application back, for good.
INSERT INTO withdrawal (round_id, participant_no)
SELECT * FROM unnest(:round_ids::text[], :participant_nos::text[])
ON CONFLICT DO NOTHING;

-- name: upsert_closed_lists(vacancy_ids, lists, shortlisted, sequences)!
-- How many each list shortlisted, by the newest event; a batch holds each list once.
INSERT INTO closed_list AS known (vacancy_id, list, shortlisted, sequence)
SELECT * FROM unnest(:vacancy_ids::text[], :lists::text[], :shortlisted::integer[],
                     :sequences::bigint[])
ON CONFLICT (vacancy_id, list) DO UPDATE SET shortlisted = excluded.shortlisted,
    sequence = excluded.sequence
WHERE known.sequence < excluded.sequence;

-- name: policy_of_round(round_id)$
-- A round's policy as JSON text.
SELECT policy::text FROM round WHERE round_id = :round_id;

-- name: vacancies_not_in_round(vacancy_ids, round_id)
-- Which of these vacancies are not known to belong to the round.
SELECT asked.vacancy_id
FROM unnest(:vacancy_ids::text[]) AS asked (vacancy_id)
WHERE NOT EXISTS (SELECT FROM vacancy WHERE vacancy.vacancy_id = asked.vacancy_id
    AND vacancy.round_id = :round_id)
ORDER BY asked.vacancy_id;

-- name: insert_sitting(sitting_id, round_id, stage, site, starts_at)!
-- A new sitting.
INSERT INTO sitting (sitting_id, round_id, stage, site, starts_at)
VALUES (:sitting_id, :round_id, :stage, :site, :starts_at);

-- name: insert_sitting_vacancies(sitting_id, vacancy_ids)!
-- The vacancies that it holds.
INSERT INTO sitting_vacancy (sitting_id, vacancy_id)
    SELECT :sitting_id, unnest(:vacancy_ids::text[]);

-- name: sitting(sitting_id)^
-- A sitting with its round's policy as JSON text.
SELECT sitting.*, round.policy::text AS policy
FROM sitting LEFT JOIN round USING (round_id)
WHERE sitting_id = :sitting_id;

-- name: lock_sitting_shared(sitting_id)^
-- The same, locked so that nobody closes it until the transaction ends.
SELECT sitting.*, round.policy::text AS policy
FROM sitting LEFT JOIN round USING (round_id)
WHERE sitting_id = :sitting_id
FOR SHARE OF sitting;

-- name: lock_sitting(sitting_id)^
-- The same, locked once all transactions that record in it have ended: nobody records in it until
-- this transaction ends.
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

-- name: restore_sittings(sitting_ids, round_ids, stages, sites, starts_at)!
-- Sittings that the log has, where they are not known.
INSERT INTO sitting (sitting_id, round_id, stage, site, starts_at)
SELECT * FROM unnest(:sitting_ids::uuid[], :round_ids::text[], :stages::text[], :sites::text[],
                     :starts_at::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: restore_sitting_vacancies(sitting_ids, vacancy_ids)!
-- The vacancies of such sittings.
INSERT INTO sitting_vacancy (sitting_id, vacancy_id)
SELECT * FROM unnest(:sitting_ids::uuid[], :vacancy_ids::text[])
ON CONFLICT DO NOTHING;

-- name: restore_closings(sitting_ids, closed_at)!
-- Sittings that are closed on the log are closed.
UPDATE sitting SET closed_at = coalesce(sitting.closed_at, on_log.closed_at)
FROM unnest(:sitting_ids::uuid[], :closed_at::timestamptz[]) AS on_log (sitting_id, closed_at)
WHERE sitting.sitting_id = on_log.sitting_id;
