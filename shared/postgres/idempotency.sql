-- name: claim_key(subject, key, request)$
-- Claims a key for a request: true where it is new, null where it came before.
INSERT INTO public.idempotency (subject, key, request)
VALUES (:subject, :key, :request)
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
