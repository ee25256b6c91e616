-- One list, read by its index, a statement for each question: a round trip costs as much as the reading.
-- A ranked key ends with an officer's decision (2 bytes) and the last resort (:last bytes); what comes before is alike for whom score and ties don't
-- tell apart. `ahead` is how many are ranked before all of these, `alike` how many they are, `decided` for how many of them an officer gave a place, and
-- `before` how many of them come before the row.

-- name: place_of(last, vacancy_id, list, participant_no, score_end)^
-- Where a candidate stands, and among whom.
WITH own AS MATERIALIZED (
    SELECT *, substring(merit_key FROM 1 FOR :score_end) AS same_score,
           CASE gate WHEN 0 THEN substring(merit_key FROM 1 FOR length(merit_key) - :last - 2) ELSE merit_key END AS prefix
      FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND participant_no = :participant_no
)
SELECT own.participant_no, own.gate, own.score, own.merit_key,
       (SELECT coalesce(sum(candidates), 0) FROM tally WHERE vacancy_id = :vacancy_id AND list = :list AND gate = 0 AND score > own.score)
     + (SELECT count(*) FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key >= own.same_score AND merit_key < own.prefix) AS ahead,
       among.alike, among.decided, among.before
  FROM own CROSS JOIN LATERAL (
    SELECT count(*) AS alike, count(*) FILTER (WHERE substring(merit_key FROM length(merit_key) - :last - 1 FOR 2) <> '\xffff') AS decided,
           count(*) FILTER (WHERE merit_key < own.merit_key) AS before
      FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND own.gate = 0
       AND merit_key >= own.prefix AND merit_key < own.prefix || decode(repeat('ff', 64), 'hex')
  ) AS among;

-- name: among(last, key, vacancy_id, list, score, same_score, first, beyond)^
-- The same for a row that is known.
SELECT (SELECT coalesce(sum(candidates), 0) FROM tally WHERE vacancy_id = :vacancy_id AND list = :list AND gate = 0 AND score > :score)
     + (SELECT count(*) FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key >= :same_score AND merit_key < :first) AS ahead,
       count(*) AS alike, count(*) FILTER (WHERE substring(merit_key FROM length(merit_key) - :last - 1 FOR 2) <> '\xffff') AS decided,
       count(*) FILTER (WHERE merit_key < :key) AS before
  FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key >= :first AND merit_key < :beyond;

-- name: page(last, vacancy_id, list, after, most, score_end)
-- The next lines in merit order. Each says how many are ahead of, and among, those who are alike with the page's first ranked line (`first_…`) and with
-- its last (`last_…`): of these the page may show only some. Of all between, the page itself tells.
WITH page AS MATERIALIZED (
    SELECT participant_no, gate, score, merit_key FROM standing
     WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key > :after ORDER BY merit_key LIMIT :most
), edge AS MATERIALIZED (
    SELECT each.*, substring(each.merit_key FROM 1 FOR :score_end) AS same_score,
           substring(each.merit_key FROM 1 FOR length(each.merit_key) - :last - 2) AS prefix
      FROM ((SELECT true AS first, score, merit_key FROM page WHERE gate = 0 ORDER BY merit_key LIMIT 1) UNION ALL
            (SELECT false, score, merit_key FROM page WHERE gate = 0 ORDER BY merit_key DESC LIMIT 1)) AS each
), edges AS MATERIALIZED (
    SELECT max(ahead) AS ahead, max(before) FILTER (WHERE edge.first) AS before,
           max(alike) FILTER (WHERE edge.first) AS first_alike, max(decided) FILTER (WHERE edge.first) AS first_decided,
           max(alike) FILTER (WHERE NOT edge.first) AS last_alike, max(decided) FILTER (WHERE NOT edge.first) AS last_decided
      FROM edge CROSS JOIN LATERAL (
        SELECT count(*) AS alike, count(*) FILTER (WHERE substring(merit_key FROM length(merit_key) - :last - 1 FOR 2) <> '\xffff') AS decided,
               count(*) FILTER (WHERE merit_key < edge.merit_key) AS before
          FROM standing WHERE vacancy_id = :vacancy_id AND list = :list
           AND merit_key >= edge.prefix AND merit_key < edge.prefix || decode(repeat('ff', 64), 'hex')
      ) AS among CROSS JOIN LATERAL (
        SELECT CASE WHEN edge.first THEN
            (SELECT coalesce(sum(candidates), 0) FROM tally WHERE vacancy_id = :vacancy_id AND list = :list AND gate = 0 AND score > edge.score)
          + (SELECT count(*) FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key >= edge.same_score AND merit_key < edge.prefix)
        END AS ahead
      ) AS those
)
SELECT page.participant_no, page.gate, page.score, page.merit_key, edges.* FROM page CROSS JOIN edges ORDER BY page.merit_key;

-- name: neighbours(vacancy_id, list, key)
-- The nearest lines before and after a key, the nearest before first.
(SELECT participant_no, gate, score, merit_key FROM standing
  WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key < :key ORDER BY merit_key DESC LIMIT 1)
UNION ALL
(SELECT participant_no, gate, score, merit_key FROM standing
  WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key > :key ORDER BY merit_key LIMIT 1);
