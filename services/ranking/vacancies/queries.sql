-- name: vacancies_after(round_id, words, need, after_round, after_number, most)
-- Vacancies in order of round and number, as far as asked for: of a round, with all these words in
-- agency, post and unit, for a kind of need.
SELECT vacancy.*, (SELECT array_agg(closing.list) FROM closing
    WHERE closing.vacancy_id = vacancy.vacancy_id) AS closed FROM vacancy
 WHERE (:round_id::text IS NULL OR round_id = :round_id) AND (:need::text IS NULL OR need = :need)
   AND NOT EXISTS (SELECT FROM unnest(:words::text[]) AS word
       WHERE strpos(lower(concat_ws(' ', agency, post, unit_path)), lower(word)) = 0)
   AND (round_id, number) > (:after_round, :after_number)
 ORDER BY round_id, number LIMIT :most;

-- name: vacancy_listed(vacancy_id)^
-- One vacancy as the list of vacancies has it.
SELECT vacancy.*, (SELECT array_agg(closing.list) FROM closing
    WHERE closing.vacancy_id = vacancy.vacancy_id) AS closed FROM vacancy
 WHERE vacancy_id = :vacancy_id;

-- name: vacancies_found(round_id, words, need, after_number)^
-- How many of a round's vacancies are so, and how many of them up to a number.
SELECT count(*) AS found, count(*) FILTER (WHERE number <= :after_number) AS before FROM vacancy
 WHERE round_id = :round_id AND (:need::text IS NULL OR need = :need)
   AND NOT EXISTS (SELECT FROM unnest(:words::text[]) AS word
       WHERE strpos(lower(concat_ws(' ', agency, post, unit_path)), lower(word)) = 0);

-- name: rounds_to_look_at()
-- Rounds that have vacancies, the newest first.
SELECT round_id, name FROM round WHERE policy IS NOT NULL
    AND EXISTS (SELECT FROM vacancy WHERE vacancy.round_id = round.round_id)
 ORDER BY registration_opens DESC NULLS LAST, round_id DESC;
