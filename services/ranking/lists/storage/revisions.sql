-- name: learn_corrections(vacancies, participants, events, types, stages, times)!
-- Events that replace what was known.
INSERT INTO correction (vacancy_id, participant_no, event_id, type, stage, stated_at)
SELECT * FROM unnest(:vacancies::text[], :participants::text[], :events::uuid[], :types::text[],
                     :stages::text[], :times::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: facts_replaced(vacancies, participants)
-- Personal facts that are known already, with the sequence that they came with.
SELECT vacancy_id, participant_no, sequence, gpa, birth_date, relevant_experience_months, education,
    priority
  FROM unnest(:vacancies::text[], :participants::text[]) AS asked (vacancy_id, participant_no)
  JOIN applicant_facts USING (vacancy_id, participant_no);

-- name: rejected_before(vacancies, participants)
-- Who was found to meet the requirements before.
SELECT vacancy_id, participant_no FROM unnest(:vacancies::text[],
                                              :participants::text[]) AS asked (vacancy_id,
participant_no)
  JOIN candidate USING (vacancy_id, participant_no) WHERE verified;

-- name: owed(most)
-- Fixed lists whose newest stated version differs from the newest that was kept beside them.
SELECT closing.vacancy_id, closing.list
  FROM closing JOIN stated USING (vacancy_id, list)
  LEFT JOIN LATERAL (SELECT version, digest FROM revision
                      WHERE revision.vacancy_id = closing.vacancy_id
                          AND revision.list = closing.list
                      ORDER BY version DESC LIMIT 1) AS newest ON true
 WHERE stated.digest <> coalesce(newest.digest, closing.digest)
     AND stated.version > coalesce(newest.version, closing.version)
 ORDER BY stated.stated_at LIMIT :most;

-- name: hold(vacancy_id)!
-- Nothing of the vacancy changes while this transaction lasts.
SELECT change FROM vacancy_lock WHERE vacancy_id = :vacancy_id FOR UPDATE;

-- name: newest(vacancy_id, list)^
-- The fixed list, the version that was stated last, and the newest kept beside it.
SELECT closing.version AS fixed, closing.digest AS fixed_digest, closing.closed_at, stated.version,
    stated.digest,
       newest.version AS kept, newest.digest AS kept_digest
  FROM closing JOIN stated USING (vacancy_id, list)
  LEFT JOIN LATERAL (SELECT version, digest FROM revision
                      WHERE revision.vacancy_id = closing.vacancy_id
                          AND revision.list = closing.list
                      ORDER BY version DESC LIMIT 1) AS newest ON true
 WHERE closing.vacancy_id = :vacancy_id AND closing.list = :list;

-- name: fixed_lines(vacancy_id, list)
-- A fixed list, whole.
SELECT participant_no, rank, score, code, admitted, points FROM closed_line
    WHERE vacancy_id = :vacancy_id AND list = :list;

-- name: corrections_of(vacancy_id)
-- Everything of the vacancy's candidates that was replaced, oldest first.
SELECT participant_no, event_id, type, stage, stated_at FROM correction
    WHERE vacancy_id = :vacancy_id ORDER BY stated_at, event_id;

-- name: facts_restated(vacancy_id, list)
-- Whose personal facts are others than those by which the list was fixed.
SELECT fixed.participant_no FROM closed_fact AS fixed JOIN applicant_facts AS today
    USING (vacancy_id, participant_no)
 WHERE fixed.vacancy_id = :vacancy_id AND fixed.list = :list
   AND (fixed.gpa, fixed.birth_date, fixed.relevant_experience_months, fixed.education,
        fixed.priority)
       IS DISTINCT FROM (today.gpa, today.birth_date, today.relevant_experience_months,
                         today.education, today.priority);

-- name: keep(vacancy_id, list, version, follows, digest, codes, cut_limit, cut_score, moved, moved_in, moved_out, at)!
-- A version beside a fixed list.
INSERT INTO revision (vacancy_id, list, version, follows, digest, codes, cut_limit, cut_score,
                      moved, moved_in, moved_out, made_at)
VALUES (:vacancy_id, :list, :version, :follows, :digest, :codes, :cut_limit, :cut_score, :moved,
        :moved_in, :moved_out, :at);

-- name: keep_changes(vacancy_id, list, version, participants, ways, was, now, reasons)!
-- Who moved, and why.
INSERT INTO revision_change (vacancy_id, list, version, participant_no, way, was, now, reasons)
SELECT :vacancy_id, :list, :version, participant_no, way, was::jsonb, now::jsonb, reasons::jsonb
  FROM unnest(:participants::text[], :ways::text[], :was::text[], :now::text[], :reasons::text[])
      AS new (participant_no, way, was, now, reasons);

-- name: versions_after(vacancy_id, list, after, most)
-- The versions beside a fixed list.
SELECT * FROM revision WHERE vacancy_id = :vacancy_id AND list = :list AND version > :after
    ORDER BY version LIMIT :most;

-- name: version(vacancy_id, list, version)^
-- One of them.
SELECT * FROM revision WHERE vacancy_id = :vacancy_id AND list = :list AND version = :version;

-- name: changes_after(vacancy_id, list, version, after, most)
-- Who moved in it, by participant number.
SELECT * FROM revision_change
 WHERE vacancy_id = :vacancy_id AND list = :list AND version = :version AND participant_no > :after
     ORDER BY participant_no LIMIT :most;

-- Adopting one

-- name: seats_given(round_id)$
-- Whether empty seats of the round are being offered, or one was accepted.
SELECT EXISTS (SELECT FROM filling WHERE round_id = :round_id)
    OR EXISTS (SELECT FROM seat_answer WHERE round_id = :round_id AND answer = 'accepted');

-- name: fixed_versions(vacancy_id, list)
-- Every version of a list that officers fixed, the first one first; the last one counts.
SELECT version, list, digest, codes, cut_limit, cut_score, closed_at, decided, follows, reason
    FROM closing_version
 WHERE vacancy_id = :vacancy_id AND list = :list ORDER BY version;

-- name: newest_beside(vacancy_id, list, after)^
-- The newest version that came after the one that counts.
SELECT * FROM revision WHERE vacancy_id = :vacancy_id AND list = :list AND version > :after
    ORDER BY version DESC LIMIT 1;

-- name: fixed_lines_after(vacancy_id, list, version, after, most)
-- The next lines of one of them.
SELECT * FROM closed_line_version
 WHERE vacancy_id = :vacancy_id AND list = :list AND version = :version AND place > :after
     ORDER BY place LIMIT :most;
