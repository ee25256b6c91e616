-- One list, read by its index, a statement for each question: a round trip costs as much as the
-- reading. A ranked key ends with an officer's decision (2 bytes) and the last resort (:last
-- bytes); what comes before is alike for whom score and ties don't tell apart. `ahead` is how many
-- are ranked before all of these, `alike` how many they are, `decided` for how many of them an
-- officer gave a place, and `before` how many of them come before the row.

-- name: place_of(last, vacancy_id, list, participant_no, score_end)^
-- Where a candidate stands, and among whom.
WITH own AS MATERIALIZED (
    SELECT *, substring(merit_key FROM 1 FOR :score_end) AS same_score,
           CASE gate WHEN 0 THEN substring(merit_key FROM 1 FOR length(merit_key) - :last - 2)
               ELSE merit_key END AS prefix
      FROM standing WHERE vacancy_id = :vacancy_id AND list = :list
          AND participant_no = :participant_no
)
SELECT own.participant_no, own.gate, own.score, own.merit_key,
       (SELECT coalesce(sum(candidates), 0) FROM tally
       WHERE vacancy_id = :vacancy_id AND list = :list AND gate = 0 AND score > own.score)
     + (SELECT count(*) FROM standing WHERE vacancy_id = :vacancy_id AND list = :list
     AND merit_key >= own.same_score AND merit_key < own.prefix) AS ahead,
       among.alike, among.decided, among.before
  FROM own CROSS JOIN LATERAL (
    SELECT count(*) AS alike, count(*) FILTER (WHERE substring(merit_key
        FROM length(merit_key) - :last - 1 FOR 2) <> '\xffff') AS decided,
           count(*) FILTER (WHERE merit_key < own.merit_key) AS before
      FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND own.gate = 0
       AND merit_key >= own.prefix AND merit_key < own.prefix || decode(repeat('ff', 64), 'hex')
  ) AS among;

-- name: among(last, key, vacancy_id, list, score, same_score, first, beyond)^
-- The same for a row that is known.
SELECT (SELECT coalesce(sum(candidates), 0) FROM tally
    WHERE vacancy_id = :vacancy_id AND list = :list AND gate = 0 AND score > :score)
     + (SELECT count(*) FROM standing WHERE vacancy_id = :vacancy_id AND list = :list
     AND merit_key >= :same_score AND merit_key < :first) AS ahead,
       count(*) AS alike, count(*) FILTER (WHERE substring(merit_key
       FROM length(merit_key) - :last - 1 FOR 2) <> '\xffff') AS decided,
       count(*) FILTER (WHERE merit_key < :key) AS before
  FROM standing WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key >= :first
      AND merit_key < :beyond;

-- name: page(vacancy_id, list, after, most)
-- The next rows in merit order.
SELECT participant_no, gate, score, merit_key FROM standing
 WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key > :after ORDER BY merit_key
     LIMIT :most;

-- name: neighbours(vacancy_id, list, key)
-- The nearest lines before and after a key, the nearest before first.
(SELECT participant_no, gate, score, merit_key FROM standing
  WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key < :key ORDER BY merit_key DESC
      LIMIT 1)
UNION ALL
(SELECT participant_no, gate, score, merit_key FROM standing
  WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key > :key ORDER BY merit_key LIMIT 1);

-- name: at_the_limit(vacancy_id, list, limit, groups, group_bytes, most_score, score_bytes)^
-- The last line that the cut has room for. The counts by score tell which score it has and how many
-- are before these; keys of one score begin alike (merit.ListRules), so only those of this score
-- are gone over. A score holds its priority group in the bits from 2^48.
WITH counted AS (
    SELECT score, candidates, sum(candidates) OVER (ORDER BY score DESC) AS up_to FROM tally
        WHERE vacancy_id = :vacancy_id AND list = :list AND gate = 0
), bucket AS MATERIALIZED (
    SELECT (up_to - candidates)::bigint AS before,
           '\x00' || substring(int8send(:groups - (score >> 48)) FROM 9 - :group_bytes)
                  || substring(int8send(:most_score - (score & ((1::bigint << 48) - 1)))
                  FROM 9 - :score_bytes) AS first
      FROM counted WHERE up_to >= :limit ORDER BY score DESC LIMIT 1
)
SELECT participant_no, gate, score, merit_key FROM standing
 WHERE vacancy_id = :vacancy_id AND list = :list AND merit_key =
       (SELECT merit_key FROM standing WHERE vacancy_id = :vacancy_id AND list = :list
       AND merit_key >= (SELECT first FROM bucket)
         ORDER BY merit_key OFFSET (SELECT :limit - 1 - before FROM bucket) LIMIT 1);
