-- migrate:up
-- Of what nobody in particular sent, the day in UTC is kept: with a moment, a complaint that was
-- written in the same transaction would have it too.
UPDATE public.idempotency SET created_at = date_trunc('day', created_at, 'UTC')
 WHERE subject = '';

-- migrate:down
