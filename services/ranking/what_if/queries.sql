-- name: vacancies_to_compare(round_id, vacancy_id, list)
-- A vacancy, or all of a round, with how many stand on the list and what its rules are compiled
-- from.
SELECT vacancy.vacancy_id, vacancy.number, vacancy.need, vacancy.seats, vacancy.round_id,
    round.seed,
       (SELECT coalesce(sum(candidates), 0) FROM tally
       WHERE tally.vacancy_id = vacancy.vacancy_id AND tally.list = :list)::bigint AS candidates
  FROM vacancy JOIN round USING (round_id)
 WHERE round.policy IS NOT NULL AND (vacancy.round_id = :round_id
     OR vacancy.vacancy_id = :vacancy_id)
 ORDER BY vacancy.number;

-- name: on_the_list(vacancies, list)
-- Everyone who stands on that list of these vacancies.
SELECT vacancy_id, participant_no FROM standing
    WHERE vacancy_id = ANY (:vacancies::text[]) AND list = :list
    ORDER BY vacancy_id, participant_no;
