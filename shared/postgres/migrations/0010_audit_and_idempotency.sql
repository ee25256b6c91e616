-- migrate:up
CREATE SCHEMA IF NOT EXISTS projections;

-- Who decided what, when and why: written in the decision's own transaction, never changed.
CREATE TABLE public.audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    subject     text        NOT NULL,
    roles       text[]      NOT NULL,
    action      text        NOT NULL,
    object      text        NOT NULL,
    reason      text        NOT NULL DEFAULT ''
);
CREATE INDEX audit_object ON public.audit (object, id);

-- Answers already given, so that a request sent again has its effect once. `key` is a hash of the
-- client's; `answer` opens only with the client's.
CREATE TABLE public.idempotency (
    subject     text        NOT NULL,
    key         text        NOT NULL,
    request     bytea       NOT NULL,
    status      smallint,
    answer      bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_created_at ON public.idempotency (created_at);

-- migrate:down
DROP TABLE public.idempotency;
DROP TABLE public.audit;
DROP SCHEMA projections;
