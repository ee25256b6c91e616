-- name: claim_key(subject, key, request)$
-- Claims a key for a request: true where it is new, null where it came before. Of what nobody in
-- particular sent, no more than the day (in UTC) is kept.
INSERT INTO public.idempotency (subject, key, request, created_at)
VALUES (
    :subject, :key, :request,
    CASE WHEN :subject = '' THEN date_trunc('day', now(), 'UTC') ELSE now() END
)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: answer(subject, key)^
-- The request that claimed a key, and the answer it got.
SELECT request, status, answer
FROM public.idempotency
WHERE subject = :subject AND key = :key;

-- name: keep_answer(subject, key, status, answer)!
-- Keeps the answer to the request that claimed a key.
UPDATE public.idempotency
SET status = :status, answer = :answer
WHERE subject = :subject AND key = :key;

-- name: claim_keys(subjects, keys, requests)
-- Claims many keys, in one order; gives those that are new. Times as in claim_key.
INSERT INTO public.idempotency (subject, key, request, created_at)
SELECT subject, key, request,
    CASE WHEN subject = '' THEN date_trunc('day', now(), 'UTC') ELSE now() END
FROM unnest(:subjects::text[], :keys::text[], :requests::bytea[]) AS asked (subject, key, request)
ORDER BY subject, key
ON CONFLICT DO NOTHING
RETURNING subject, key, request;

-- name: release_keys(subjects, keys)!
-- Gives back keys that this transaction claimed.
DELETE FROM public.idempotency
USING unnest(:subjects::text[], :keys::text[]) AS claimed (subject, key)
WHERE idempotency.subject = claimed.subject AND idempotency.key = claimed.key;

-- name: keep_answers(subjects, keys, statuses, answers)!
-- Keeps the answers to requests that claimed keys in this transaction.
UPDATE public.idempotency
SET status = given.status, answer = given.answer
FROM unnest(:subjects::text[], :keys::text[], :statuses::smallint[], :answers::bytea[])
    AS given (subject, key, status, answer)
WHERE idempotency.subject = given.subject AND idempotency.key = given.key;

-- name: forget(older_than, anonymous_older_than, at_most)$
-- Removes old answers, anonymous ones sooner, passes over those that another worker is removing,
-- and counts them.
WITH forgotten AS (
    DELETE FROM public.idempotency
    WHERE (subject, key) IN (
        SELECT subject, key FROM public.idempotency
        WHERE created_at < now() - :older_than::interval
           OR (subject = '' AND created_at < now() - :anonymous_older_than::interval)
        ORDER BY created_at
        LIMIT :at_most
        FOR UPDATE SKIP LOCKED
    )
    RETURNING 1
)
SELECT count(*) FROM forgotten;
