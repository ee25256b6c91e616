-- name: open_round(round_id, name, policy_id, policy_version, policy, policy_hash, seed,
--       decreed_seats, opens, closes, at)$
-- A new round; nothing where the id is taken.
INSERT INTO rounds (round_id, name, policy_id, policy_version, policy, policy_hash, seed,
                    decreed_seats, registration_opens, registration_closes, opened_at)
VALUES (:round_id, :name, :policy_id, :policy_version, :policy, :policy_hash, :seed,
        :decreed_seats, :opens, :closes, :at)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: lock_round(round_id)^
-- The round, held until the transaction ends: its draft, publishing and closing wait for each
-- other.
SELECT round_id, policy, decreed_seats, published_at, closed_at, registration_closes
  FROM rounds
 WHERE round_id = :round_id
   FOR UPDATE;

-- name: round_by_id(round_id)^
-- One round, with how many vacancies and seats it has imported so far.
SELECT round.*, tally.vacancies, tally.seats
  FROM rounds AS round,
       LATERAL (SELECT count(*) AS vacancies, coalesce(sum(seats), 0) AS seats
                  FROM vacancies WHERE round_id = round.round_id) AS tally
 WHERE round_id = :round_id;

-- name: page_of_rounds(after, limit)
-- Rounds in order of id, with the same.
SELECT round.*, tally.vacancies, tally.seats
  FROM rounds AS round,
       LATERAL (SELECT count(*) AS vacancies, coalesce(sum(seats), 0) AS seats
                  FROM vacancies WHERE round_id = round.round_id) AS tally
 WHERE round_id > :after
 ORDER BY round_id
 LIMIT :limit;

-- name: restore_rounds(rounds)!
-- Rounds that only the log remembers: as RoundOpened states them, with the instant of opening.
INSERT INTO rounds (round_id, name, policy_id, policy_version, policy, policy_hash, seed,
                    decreed_seats, registration_opens, registration_closes, opened_at)
SELECT round_id, name, policy_id, policy_version, policy, policy_hash, seed, decreed_seats,
       (calendar->>'registration_opens')::timestamptz,
       (calendar->>'registration_closes')::timestamptz, opened_at
  FROM jsonb_to_recordset(:rounds::jsonb)
       AS round (round_id text, name text, policy_id text, policy_version text, policy jsonb,
                 policy_hash text, seed text, decreed_seats integer, calendar jsonb,
                 opened_at timestamptz)
ON CONFLICT DO NOTHING;
