-- name: is_candidate(round_id, account, subject)$
-- Whether an account stands among the candidates of a round: one look along an index, and one over
-- those of whom only an older event has spoken, until they are stated anew.
SELECT EXISTS (SELECT FROM candidate_account WHERE round_id = :round_id AND account = :account)
    OR EXISTS (SELECT FROM candidate_account
                WHERE round_id = :round_id AND account IS NULL
                  AND owner = encode(sha256(convert_to(participant_no || '/' || :subject::text,
                                                       'UTF8')), 'hex'));

-- name: is_own_number(vacancy_id, participant_no, account, subject)$
-- Whether a participant number is this account's; nothing where whose it is was never said.
SELECT CASE WHEN account IS NOT NULL THEN account = :account
            ELSE owner = encode(sha256(convert_to(participant_no || '/' || :subject::text,
                                                  'UTF8')), 'hex') END
  FROM candidate_account
 WHERE vacancy_id = :vacancy_id AND participant_no = :participant_no;

-- name: learn_accounts(vacancy_ids, participant_nos, round_ids, accounts, owners)!
-- Stores whose participant numbers are; what is not said now stays as it was said before. A number
-- has one account and one owner, however often they are said.
INSERT INTO candidate_account AS known (vacancy_id, participant_no, round_id, account, owner)
SELECT vacancy_id, participant_no, max(round_id), max(account), max(owner)
  FROM unnest(:vacancy_ids::text[], :participant_nos::text[], :round_ids::text[],
              :accounts::text[], :owners::text[])
    AS said (vacancy_id, participant_no, round_id, account, owner)
 WHERE num_nonnulls(account, owner) > 0
 GROUP BY vacancy_id, participant_no
ON CONFLICT (vacancy_id, participant_no) DO UPDATE
   SET account = coalesce(excluded.account, known.account),
       owner = coalesce(excluded.owner, known.owner)
 WHERE (known.account, known.owner) IS DISTINCT FROM
       (coalesce(excluded.account, known.account), coalesce(excluded.owner, known.owner));
