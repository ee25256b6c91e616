-- name: round(round_id)^
-- A round.
SELECT round_id, name, policy::text AS policy, policy_hash, seed, decreed_seats FROM round
    WHERE round_id = :round_id AND policy IS NOT NULL;

-- name: vacancy_of_number(round_id, number)$
-- Id of the vacancy that has a number in its round.
SELECT vacancy_id FROM vacancy WHERE round_id = :round_id AND number = :number;

-- name: vacancy(vacancy_id)^
-- A vacancy and its round.
SELECT vacancy.*, round.name AS round_name FROM vacancy JOIN round USING (round_id)
    WHERE vacancy_id = :vacancy_id;
