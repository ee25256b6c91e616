-- migrate:up

-- Decisions that need two people: one proposes, another one confirms. A row is open, is closed
-- once, and is never removed. `command` may hold words about a person: officers alone are shown it.
CREATE TABLE public.proposal (
    proposal_id uuid PRIMARY KEY,
    kind        text        NOT NULL,
    object      text        NOT NULL,   -- what it is about, as the audit trail names it
    command     jsonb       NOT NULL,
    proposed_by text        NOT NULL,
    proposed_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    status      text        NOT NULL DEFAULT 'open'
                CHECK (status IN ('open', 'confirmed', 'rejected', 'withdrawn', 'outdated')),
    closed_by   text,
    closed_at   timestamptz,
    because     text,
    outcome     jsonb,
    CHECK ((status = 'open') = (closed_at IS NULL)),
    CHECK (status NOT IN ('confirmed', 'rejected') OR closed_by <> proposed_by)
);
CREATE UNIQUE INDEX proposal_open ON public.proposal (kind, object) WHERE status = 'open';
CREATE INDEX proposal_status ON public.proposal (status, proposal_id);

-- migrate:down
DROP TABLE public.proposal;
