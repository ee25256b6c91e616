-- name: closed_vacancies(round_id)
-- A round's vacancies, by number.
SELECT vacancy_id, number, listing_id, agency, post, unit_id, unit_path, need, seats
  FROM vacancy WHERE round_id = :round_id ORDER BY number;

-- name: closings(round_id)
-- A round's lists as they count, with the places that officers gave among equals.
SELECT vacancy_id, list, version, digest, closed_at, decided
  FROM closing WHERE round_id = :round_id;

-- name: lines_to_publish(vacancies, list)
-- The lines of a list of these vacancies, with the facts by which they were ranked.
SELECT line.vacancy_id, line.place, line.participant_no, line.rank, line.equals, line.score,
       line.code, line.points, fact.gpa, fact.birth_date, fact.relevant_experience_months,
       fact.education, fact.priority
  FROM closed_line AS line LEFT JOIN closed_fact AS fact USING (vacancy_id, list, participant_no)
 WHERE line.vacancy_id = ANY (:vacancies::text[]) AND line.list = :list
 ORDER BY line.vacancy_id, line.place;

-- name: submitted(vacancies)
-- How many applied for these vacancies in all.
SELECT vacancy_id, submitted FROM registration WHERE vacancy_id = ANY (:vacancies::text[]);

-- name: applications(vacancies)
-- Everyone who applied for these vacancies, with why an application was rejected.
SELECT vacancy_id, participant_no, candidate.verified, candidate.withdrawn,
       array_to_string(rejection.reasons, ',') AS reasons
  FROM candidate LEFT JOIN rejection USING (vacancy_id, participant_no)
 WHERE vacancy_id = ANY (:vacancies::text[])
 ORDER BY vacancy_id, participant_no;

-- name: public_version(vacancy_id)$
-- What all public views of a vacancy go by: equal twice, nothing fixed has changed in them.
-- Facts, decisions, fixed lists, their revisions, publications, and seats since.
SELECT concat_ws('/', vacancy.sequence, round.sequence,
                 (SELECT change FROM vacancy_lock WHERE vacancy_lock.vacancy_id = :vacancy_id),
                 (SELECT count(*) FROM closing_version WHERE vacancy_id = :vacancy_id),
                 (SELECT count(*) FROM revision WHERE vacancy_id = :vacancy_id),
                 (SELECT count(*) FROM publication
                   WHERE publication.round_id = vacancy.round_id AND signature IS NOT NULL),
                 (SELECT concat_ws(',', count(*), max(answered_at)) FROM seat_answer
                   WHERE vacancy_id = :vacancy_id),
                 (SELECT concat_ws(',', count(*), max(offered_at)) FROM seat_offer
                   WHERE vacancy_id = :vacancy_id),
                 (SELECT concat_ws(',', count(*), count(answer), max(answered_at))
                    FROM seat_offer LEFT JOIN seat_answer USING (vacancy_id, participant_no)
                   WHERE applied_for = :vacancy_id))
  FROM vacancy LEFT JOIN round USING (round_id)
 WHERE vacancy_id = :vacancy_id;

-- name: newest_signed(round_id)^
-- The newest signed version of a round.
SELECT version, lists, head->>'root' AS root FROM publication
 WHERE round_id = :round_id AND signature IS NOT NULL ORDER BY version DESC LIMIT 1;

-- name: store_proposal(round_id, version, proposal, digest, lists, policy, tree, by, at)!
-- What an officer proposes to publish.
INSERT INTO publication
       (round_id, version, proposal, digest, lists, policy, tree, proposed_by, proposed_at)
VALUES (:round_id, :version, :proposal, :digest, :lists, :policy, :tree, :by, :at);

-- name: store_leaves(round_id, version, leaves, vacancies, lists, participants, contents)!
-- Its leaves.
INSERT INTO published_leaf (round_id, version, leaf, vacancy_id, list, participant_no, content)
SELECT :round_id, :version, leaf, vacancy_id, list, participant_no, content
  FROM unnest(:leaves::integer[], :vacancies::text[], :lists::text[], :participants::text[],
              :contents::text[])
    AS new (leaf, vacancy_id, list, participant_no, content);

-- name: store_openings(round_id, version, vacancies, lists, participants, contents)!
-- What opens its commitments.
INSERT INTO opening (round_id, version, vacancy_id, list, participant_no, content)
SELECT :round_id, :version, vacancy_id, list, participant_no, content::jsonb
  FROM unnest(:vacancies::text[], :lists::text[], :participants::text[], :contents::text[])
      AS new (vacancy_id, list, participant_no, content);

-- name: proposed(round_id)^
-- What waits for a second officer.
SELECT version, proposal, digest, policy, proposed_by FROM publication
 WHERE round_id = :round_id AND signature IS NULL;

-- name: sign_publication(round_id, version, head, signature, public_key, by, at)!
-- A second officer's signature: from now on it stays.
UPDATE publication
   SET head = :head, signature = :signature, public_key = :public_key, signed_by = :by,
       signed_at = :at
 WHERE round_id = :round_id AND version = :version AND signature IS NULL;

-- name: published(round_id, version)^
-- A signed version, the newest unless one is named.
SELECT version, head, signature, policy FROM publication
 WHERE round_id = :round_id AND signature IS NOT NULL
   AND (:version::integer IS NULL OR version = :version)
 ORDER BY version DESC LIMIT 1;

-- name: leaves_of(round_id, version)
-- Its leaves in the order of the file.
SELECT content FROM published_leaf WHERE round_id = :round_id AND version = :version ORDER BY leaf;

-- name: vacancies_of(round_id, version)
-- Its vacancies.
SELECT content FROM published_leaf
 WHERE round_id = :round_id AND version = :version AND list IS NULL ORDER BY leaf;

-- name: leaves_on_paper(round_id, version, list, vacancy_id)
-- Its vacancies with their applicants, this one list and their seating, or all that of one vacancy.
SELECT content FROM published_leaf
 WHERE round_id = :round_id AND version = :version
   AND (list IS NULL OR list IN (:list, 'administration', 'seating'))
   AND (:vacancy_id::text IS NULL OR vacancy_id = :vacancy_id)
 ORDER BY leaf;

-- name: published_with(vacancy_id, participant_no, version)^
-- The newest signed version in which a candidate stands, unless one is named.
SELECT publication.round_id, publication.version, publication.head, publication.signature
  FROM published_leaf AS leaf JOIN publication USING (round_id, version)
 WHERE leaf.vacancy_id = :vacancy_id AND leaf.participant_no = :participant_no
   AND publication.signature IS NOT NULL
   AND (:version::integer IS NULL OR publication.version = :version)
 ORDER BY publication.version DESC LIMIT 1;

-- name: leaves_of_candidate(round_id, version, vacancy_id, participant_no)
-- The leaves of a candidate and of the vacancy.
SELECT leaf, content FROM published_leaf
 WHERE round_id = :round_id AND version = :version AND vacancy_id = :vacancy_id
   AND (participant_no = :participant_no OR list IS NULL)
 ORDER BY leaf;

-- name: seatings_of_candidate(round_id, version, vacancy_id, participant_no)
-- The seatings of the vacancy applied for, and of those of which the candidate was offered a seat.
SELECT leaf, content FROM published_leaf
 WHERE round_id = :round_id AND version = :version AND list = 'seating' AND participant_no IS NULL
   AND vacancy_id IN (SELECT :vacancy_id UNION
                      SELECT vacancy_id FROM seat_offer
                       WHERE applied_for = :vacancy_id AND participant_no = :participant_no)
 ORDER BY leaf;

-- name: hashes(round_id, version, places)
-- Hashes of the tree, by place.
SELECT place, substring(tree FROM place * 32 + 1 FOR 32) AS hash
  FROM publication, unnest(:places::integer[]) AS wanted (place)
 WHERE round_id = :round_id AND version = :version;

-- name: openings_of(round_id, version, vacancy_id, participant_no)
-- What opens a candidate's commitments.
SELECT content FROM opening
 WHERE round_id = :round_id AND version = :version AND vacancy_id = :vacancy_id
   AND participant_no = :participant_no ORDER BY list;

-- name: signing_keys()
-- The public keys under which lists were published.
SELECT DISTINCT public_key FROM publication WHERE public_key IS NOT NULL;

-- name: signed_versions(round_id)
-- All signed versions of a round.
SELECT version, head FROM publication
 WHERE round_id = :round_id AND signature IS NOT NULL ORDER BY version;

-- name: corrections_published(round_id)
-- Versions of lists that officers adopted, by the first published version that holds them.
SELECT later.version AS published_in, vacancy.post, adopted.vacancy_id, adopted.list,
       adopted.version, adopted.closed_at AS adopted_at, adopted.reason
  FROM published_leaf AS later
  JOIN published_leaf AS earlier
    ON earlier.round_id = later.round_id AND earlier.version = later.version - 1
   AND earlier.vacancy_id = later.vacancy_id AND earlier.list = later.list
   AND earlier.participant_no IS NULL
  JOIN closing_version AS adopted
    ON adopted.vacancy_id = later.vacancy_id AND adopted.list = later.list
   AND adopted.version > (earlier.content::jsonb->>'version')::integer
   AND adopted.version <= (later.content::jsonb->>'version')::integer
  JOIN vacancy ON vacancy.vacancy_id = later.vacancy_id
 WHERE later.round_id = :round_id AND later.participant_no IS NULL
 ORDER BY later.version, adopted.closed_at, vacancy.number, adopted.list;

-- name: adopted_since(round_id, version)
-- Versions of lists that officers adopted after those that a published version holds.
SELECT vacancy.post, adopted.vacancy_id, adopted.list, adopted.version,
       adopted.closed_at AS adopted_at, adopted.reason
  FROM published_leaf AS published
  JOIN closing_version AS adopted
    ON adopted.vacancy_id = published.vacancy_id AND adopted.list = published.list
   AND adopted.version > (published.content::jsonb->>'version')::integer
  JOIN vacancy ON vacancy.vacancy_id = published.vacancy_id
 WHERE published.round_id = :round_id AND published.version = :version
   AND published.participant_no IS NULL
 ORDER BY adopted.closed_at, vacancy.number, adopted.list;

-- name: seatings(round_id, list)
-- How a round's empty seats are filled, by number; no row before an officer began. `not_asked`:
-- ranked without a seat, and out by the time when it began.
SELECT vacancy.vacancy_id, vacancy.seats, vacancy.education, vacancy.left_empty,
       (SELECT count(*) FROM filling_candidate AS candidate
         WHERE candidate.vacancy_id = vacancy.vacancy_id AND candidate.selected) AS selected,
       (SELECT coalesce(jsonb_object_agg(participant_no, answer.answer), '{}')
          FROM filling_candidate AS candidate
          JOIN seat_answer AS answer USING (vacancy_id, participant_no)
         WHERE candidate.vacancy_id = vacancy.vacancy_id AND candidate.selected) AS gave_up,
       (SELECT coalesce(jsonb_agg(line.participant_no ORDER BY line.participant_no), '[]')
          FROM closed_line AS line
         WHERE line.vacancy_id = vacancy.vacancy_id AND line.list = :list AND line.rank IS NOT NULL
           AND NOT EXISTS (SELECT FROM filling_candidate AS candidate
                            WHERE candidate.vacancy_id = line.vacancy_id
                              AND candidate.participant_no = line.participant_no)) AS not_asked,
       (SELECT coalesce(jsonb_agg(participant_no ORDER BY place), '[]')
          FROM seat_tie_place AS tie WHERE tie.vacancy_id = vacancy.vacancy_id) AS decided,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                          'participant_no', participant_no, 'applied_for', offer.applied_for,
                          'move', offer.move, 'code', offer.code, 'answer', answer.answer)
                        ORDER BY offer.offered_at, offer.move NULLS FIRST, participant_no), '[]')
          FROM seat_offer AS offer
          LEFT JOIN seat_answer AS answer USING (vacancy_id, participant_no)
         WHERE offer.vacancy_id = vacancy.vacancy_id) AS offers
  FROM filling_vacancy AS vacancy WHERE vacancy.round_id = :round_id ORDER BY vacancy.number;

-- name: seats_published(round_id)
-- Published versions that tell of seats what the version before did not.
SELECT DISTINCT later.version FROM published_leaf AS later
  LEFT JOIN published_leaf AS earlier
    ON earlier.round_id = later.round_id AND earlier.version = later.version - 1
   AND earlier.vacancy_id = later.vacancy_id AND earlier.list = later.list
   AND earlier.participant_no IS NULL
 WHERE later.round_id = :round_id AND later.list = 'seating' AND later.participant_no IS NULL
   AND later.content::jsonb - 'salt' IS DISTINCT FROM earlier.content::jsonb - 'salt';
