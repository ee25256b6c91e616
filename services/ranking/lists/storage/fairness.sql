-- name: lines_by_code(round_id, list)
-- Of each vacancy of a round whose list is fixed: kind of need, and its lines by code; `vacancies`
-- counts all of the round.
SELECT vacancy.need, closing.codes, (SELECT count(*) FROM vacancy
    WHERE vacancy.round_id = :round_id) AS vacancies
  FROM closing JOIN vacancy USING (vacancy_id) WHERE closing.round_id = :round_id
      AND closing.list = :list;
