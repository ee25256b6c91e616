-- name: readiness(round_id, facts, list, after, stage)
-- What has arrived of each vacancy of a round, for one list and its stage.
WITH vacancies AS (SELECT * FROM vacancy WHERE round_id = :round_id)
SELECT vacancies.vacancy_id, vacancies.number, vacancies.need, vacancies.seats,
    registration.submitted AS announced,
       coalesce(applied.submitted, 0) AS submitted, coalesce(applied.undecided, 0) AS undecided,
       coalesce(listed.active, 0) AS active, coalesce(listed.waiting, 0) AS waiting,
       CASE WHEN :facts THEN
           (SELECT count(*) FROM standing AS s WHERE s.vacancy_id = vacancies.vacancy_id
           AND s.list = :list AND s.gate = 0
               AND NOT EXISTS (SELECT FROM applicant_facts AS f
                   WHERE f.vacancy_id = s.vacancy_id AND f.participant_no = s.participant_no))
       ELSE 0 END AS without_facts,
       coalesce(sat.sittings, 0) AS sittings, coalesce(sat.open, 0) AS open_sittings,
       coalesce(sat.counted, 0) AS counted, coalesce(sat.arrived, 0) AS arrived,
       closing.list IS NOT NULL AS closed, closing.digest AS closed_digest,
       stated.digest AS stated_digest,
       :after::text IS NULL OR EXISTS (SELECT FROM closing AS c
       WHERE c.vacancy_id = vacancies.vacancy_id AND c.list = :after) AS opened
  FROM vacancies
  LEFT JOIN registration USING (vacancy_id)
  LEFT JOIN (SELECT vacancy_id, count(*) FILTER (WHERE submitted) AS submitted,
                    count(*) FILTER (WHERE submitted AND verified IS NULL
                    AND NOT withdrawn) AS undecided
               FROM candidate WHERE vacancy_id IN (SELECT vacancy_id FROM vacancies)
                   GROUP BY vacancy_id) AS applied USING (vacancy_id)
  LEFT JOIN (SELECT vacancy_id, sum(candidates) FILTER (WHERE gate NOT IN (4, 5)) AS active,
             sum(candidates) FILTER (WHERE gate = 6) AS waiting
               FROM tally WHERE list = :list AND vacancy_id IN (SELECT vacancy_id FROM vacancies)
                   GROUP BY vacancy_id) AS listed USING (vacancy_id)
  LEFT JOIN (SELECT vacancy_id, count(*) AS sittings, count(*) FILTER (WHERE NOT closed) AS open,
                    sum(scored + missed + disqualified) AS counted,
                    sum((SELECT count(*) FROM result WHERE result.vacancy_id = sitting.vacancy_id
                    AND result.sitting_id = sitting.sitting_id)) AS arrived
               FROM sitting WHERE stage = :stage AND vacancy_id IN (SELECT vacancy_id
                   FROM vacancies) GROUP BY vacancy_id) AS sat USING (vacancy_id)
  LEFT JOIN closing ON closing.vacancy_id = vacancies.vacancy_id AND closing.list = :list
  LEFT JOIN stated ON stated.vacancy_id = vacancies.vacancy_id AND stated.list = :list
 ORDER BY vacancies.number;

-- name: keep_closings(list, round_id, at, reason, by, vacancies, versions, follows, digests, codes, limits, scores)!
-- Lists that an officer fixed, with the places that officers gave among equals who are on them.
-- `follows`, `reason` and `by` where it takes a fixed one's place.
INSERT INTO closing_version (vacancy_id, list, round_id, version, digest, codes, cut_limit,
                             cut_score, closed_at, decided, follows, reason, adopted_by)
SELECT vacancy_id, :list, :round_id, version, digest, codes::jsonb, cut_limit, cut_score, :at,
       coalesce((SELECT jsonb_object_agg(participant_no, place) FROM tie_place JOIN standing
       USING (vacancy_id, list, participant_no)
                  WHERE tie_place.vacancy_id = new.vacancy_id AND tie_place.list = :list), '{}'),
       follows, :reason, :by
  FROM unnest(:vacancies::text[], :versions::integer[], :follows::integer[], :digests::text[],
              :codes::text[], :limits::integer[], :scores::text[])
    AS new (vacancy_id, version, follows, digest, codes, cut_limit, cut_score);

-- name: keep_closed_lines(list, vacancies, versions, places, participants, ranks, equals, scores, codes, points, admitted)!
-- Their lines, as they stay.
INSERT INTO closed_line_version (vacancy_id, list, version, place, participant_no, rank, equals,
                                 score, code, points, admitted)
SELECT vacancy_id, :list, version, place, participant_no, rank, equals, score, code, points::jsonb,
    admitted
  FROM unnest(:vacancies::text[], :versions::integer[], :places::integer[], :participants::text[],
              :ranks::integer[], :equals::integer[],
              :scores::text[], :codes::text[], :points::text[], :admitted::boolean[])
    AS new (vacancy_id, version, place, participant_no, rank, equals, score, code, points,
            admitted);

-- name: keep_tie_decision(decision_id, vacancy_id, list, participants, reason, decided_by, at)!
-- An officer's order of equals.
INSERT INTO tie_decision (decision_id, vacancy_id, list, participants, reason, decided_by,
                          decided_at)
VALUES (:decision_id, :vacancy_id, :list, :participants, :reason, :decided_by, :at);

-- name: forget_tie_places(vacancy_id, list)
-- The places of an earlier decision give way; returns whose they were.
DELETE FROM tie_place WHERE vacancy_id = :vacancy_id AND list = :list RETURNING participant_no;

-- name: keep_tie_places(vacancy_id, list, decision_id, participants, places)!
-- The places of this decision.
INSERT INTO tie_place (vacancy_id, list, participant_no, place, decision_id)
SELECT :vacancy_id, :list, participant_no, place, :decision_id
    FROM unnest(:participants::text[], :places::smallint[]) AS new (participant_no, place);

-- name: keep_closed_facts(list, vacancies)!
-- The facts by which a list that was just fixed was ranked.
INSERT INTO closed_fact_version (vacancy_id, list, version, participant_no, gpa, birth_date,
                                 relevant_experience_months, education, priority)
SELECT vacancy_id, list, version, participant_no, gpa, birth_date, relevant_experience_months,
    education, priority
  FROM closed_line JOIN applicant_facts USING (vacancy_id, participant_no)
 WHERE vacancy_id = ANY (:vacancies::text[]) AND list = :list AND points <> '{}';

-- name: hold_publication(round_id)!
-- One officer at a time proposes or signs for a round.
SELECT pg_advisory_xact_lock(hashtextextended('ranking.publication/' || :round_id, 0));

-- name: forget_proposal(round_id)!
-- A proposal that nobody signed gives way to the next.
DELETE FROM publication WHERE round_id = :round_id AND signature IS NULL;
