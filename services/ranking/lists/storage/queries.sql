-- Fixed lists

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

-- name: keep_closings(list, round_id, at, reason, by, vacancies, versions, follows, digests, codes,
--       limits, scores)!
-- Stores lists that an officer fixed, with the places that officers gave among equals on them.
-- `follows`, `reason` and `by` where they take the place of fixed ones.
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

-- name: keep_closed_lines(list, vacancies, versions, places, participants, ranks, equals, scores,
--       codes, points, admitted)!
-- The lines of fixed lists.
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
-- Stores an officer's order of equals.
INSERT INTO tie_decision (decision_id, vacancy_id, list, participants, reason, decided_by,
                          decided_at)
VALUES (:decision_id, :vacancy_id, :list, :participants, :reason, :decided_by, :at);

-- name: forget_tie_places(vacancy_id, list)
-- Deletes the places of an earlier decision; returns whose they were.
DELETE FROM tie_place WHERE vacancy_id = :vacancy_id AND list = :list RETURNING participant_no;

-- name: keep_tie_places(vacancy_id, list, decision_id, participants, places)!
-- Stores the places of a decision.
INSERT INTO tie_place (vacancy_id, list, participant_no, place, decision_id)
SELECT :vacancy_id, :list, participant_no, place, :decision_id
    FROM unnest(:participants::text[], :places::smallint[]) AS new (participant_no, place);

-- name: keep_closed_facts(list, vacancies)!
-- Stores the facts by which a list that was just fixed was ranked.
INSERT INTO closed_fact_version (vacancy_id, list, version, participant_no, gpa, birth_date,
                                 relevant_experience_months, education, priority)
SELECT vacancy_id, list, version, participant_no, gpa, birth_date, relevant_experience_months,
    education, priority
  FROM closed_line JOIN applicant_facts USING (vacancy_id, participant_no)
 WHERE vacancy_id = ANY (:vacancies::text[]) AND list = :list AND points <> '{}';

-- name: lock_publication(round_id)!
-- Locks the publication of a round until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('ranking.publication/' || :round_id, 0));

-- name: forget_proposal(round_id)!
-- Deletes a proposal that nobody signed.
DELETE FROM publication WHERE round_id = :round_id AND signature IS NULL;

-- Corrections and revisions

-- name: learn_corrections(vacancies, participants, events, types, stages, times)!
-- Events that replace what was known.
INSERT INTO correction (vacancy_id, participant_no, event_id, type, stage, stated_at)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :events::uuid[], :types::text[],
                     :stages::text[], :times::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: known_facts(vacancies, participants)
-- Personal facts that are known already, with the sequence that they came with.
SELECT vacancy_id, participant_no, sequence, gpa, birth_date, relevant_experience_months, education,
    priority
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN applicant_facts USING (vacancy_id, participant_no);

-- name: verified_candidates(vacancies, participants)
-- Who of these was found to meet the requirements.
SELECT vacancy_id, participant_no
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN candidate USING (vacancy_id, participant_no)
 WHERE verified;

-- name: owed_revisions(most)
-- Fixed lists whose newest stated version differs from their newest revision, or from themselves.
SELECT closing.vacancy_id, closing.list
  FROM closing JOIN stated USING (vacancy_id, list)
  LEFT JOIN LATERAL (SELECT version, digest FROM revision
                      WHERE revision.vacancy_id = closing.vacancy_id
                          AND revision.list = closing.list
                      ORDER BY version DESC LIMIT 1) AS newest ON true
 WHERE stated.digest <> coalesce(newest.digest, closing.digest)
     AND stated.version > coalesce(newest.version, closing.version)
 ORDER BY stated.stated_at LIMIT :most;

-- name: lock_vacancy(vacancy_id)!
-- Locks the vacancy: nothing of it changes until the transaction ends.
SELECT change FROM vacancy_lock WHERE vacancy_id = :vacancy_id FOR UPDATE;

-- name: newest_versions(vacancy_id, list)^
-- Versions and digests of the fixed list, of what was stated last, and of the newest revision.
SELECT closing.version AS fixed, closing.digest AS fixed_digest, closing.closed_at, stated.version,
    stated.digest,
       newest.version AS revision, newest.digest AS revision_digest
  FROM closing JOIN stated USING (vacancy_id, list)
  LEFT JOIN LATERAL (SELECT version, digest FROM revision
                      WHERE revision.vacancy_id = closing.vacancy_id
                          AND revision.list = closing.list
                      ORDER BY version DESC LIMIT 1) AS newest ON true
 WHERE closing.vacancy_id = :vacancy_id AND closing.list = :list;

-- name: fixed_lines(vacancy_id, list)
-- All lines of a fixed list.
SELECT participant_no, rank, score, code, admitted, points FROM closed_line
    WHERE vacancy_id = :vacancy_id AND list = :list;

-- name: corrections_of_vacancy(vacancy_id)
-- The corrections of the vacancy's candidates, oldest first.
SELECT participant_no, event_id, type, stage, stated_at FROM correction
    WHERE vacancy_id = :vacancy_id ORDER BY stated_at, event_id;

-- name: candidates_restated(vacancy_id, list)
-- Whose personal facts are others than those by which the list was fixed.
SELECT fixed.participant_no FROM closed_fact AS fixed JOIN applicant_facts AS today
    USING (vacancy_id, participant_no)
 WHERE fixed.vacancy_id = :vacancy_id AND fixed.list = :list
   AND (fixed.gpa, fixed.birth_date, fixed.relevant_experience_months, fixed.education,
        fixed.priority)
       IS DISTINCT FROM (today.gpa, today.birth_date, today.relevant_experience_months,
                         today.education, today.priority);

-- name: keep_revision(vacancy_id, list, version, follows, digest, codes, cut_limit, cut_score,
--       moved, moved_in, moved_out, at)!
-- Stores a revision of a fixed list.
INSERT INTO revision (vacancy_id, list, version, follows, digest, codes, cut_limit, cut_score,
                      moved, moved_in, moved_out, made_at)
VALUES (:vacancy_id, :list, :version, :follows, :digest, :codes, :cut_limit, :cut_score, :moved,
        :moved_in, :moved_out, :at);

-- name: keep_revision_changes(vacancy_id, list, version, participants, ways, was, now, reasons)!
-- Stores who moved in a revision, and why.
INSERT INTO revision_change (vacancy_id, list, version, participant_no, way, was, now, reasons)
SELECT :vacancy_id, :list, :version, participant_no, way, was::jsonb, now::jsonb, reasons::jsonb
  FROM unnest(:participants::text[], :ways::text[], :was::text[], :now::text[], :reasons::text[])
      AS new (participant_no, way, was, now, reasons);

-- name: revisions_after(vacancy_id, list, after, most)
-- The next revisions of a fixed list, adopted or not.
SELECT * FROM revision WHERE vacancy_id = :vacancy_id AND list = :list AND version > :after
    ORDER BY version LIMIT :most;

-- name: revision(vacancy_id, list, version)^
-- One revision of a fixed list.
SELECT * FROM revision WHERE vacancy_id = :vacancy_id AND list = :list AND version = :version;

-- name: revision_changes_after(vacancy_id, list, version, after, most)
-- Who moved in a revision, by participant number.
SELECT * FROM revision_change
 WHERE vacancy_id = :vacancy_id AND list = :list AND version = :version AND participant_no > :after
     ORDER BY participant_no LIMIT :most;

-- Adoption

-- name: seats_given(round_id)$
-- Whether empty seats of the round are being offered, or one was accepted.
SELECT EXISTS (SELECT FROM filling WHERE round_id = :round_id)
    OR EXISTS (SELECT FROM seat_answer WHERE round_id = :round_id AND answer = 'accepted');

-- name: fixed_versions(vacancy_id, list)
-- Every version of a list that officers fixed, oldest first; the last one counts.
SELECT version, list, digest, codes, cut_limit, cut_score, closed_at, decided, follows, reason
    FROM closing_version
 WHERE vacancy_id = :vacancy_id AND list = :list ORDER BY version;

-- name: newest_revision_after(vacancy_id, list, after)^
-- The newest revision after a version.
SELECT * FROM revision WHERE vacancy_id = :vacancy_id AND list = :list AND version > :after
    ORDER BY version DESC LIMIT 1;

-- name: fixed_lines_after(vacancy_id, list, version, after, most)
-- The next lines of a version that officers fixed.
SELECT * FROM closed_line_version
 WHERE vacancy_id = :vacancy_id AND list = :list AND version = :version AND place > :after
     ORDER BY place LIMIT :most;

-- Fairness

-- name: candidates_by_code(round_id, list)
-- Of each vacancy of a round whose list is fixed: kind of need, and its lines by code; `vacancies`
-- counts all of the round.
SELECT vacancy.need, closing.codes, (SELECT count(*) FROM vacancy
    WHERE vacancy.round_id = :round_id) AS vacancies
  FROM closing JOIN vacancy USING (vacancy_id) WHERE closing.round_id = :round_id
      AND closing.list = :list;
