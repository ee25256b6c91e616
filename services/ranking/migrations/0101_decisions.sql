-- migrate:up

-- What ranking itself decided and stated. Never built anew, and closed lines are never changed.

CREATE TABLE public.stated (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    version integer NOT NULL,           -- dense from 1: of the newest StandingsRecomputed
    digest text NOT NULL,
    stated_at timestamptz NOT NULL,
    PRIMARY KEY (vacancy_id, list)
) WITH (fillfactor = 50);

-- The change (projections.desk) up to which a vacancy's standings were stated: cleared mark of what
-- was owed.
CREATE TABLE public.caught_up (
    vacancy_id text COLLATE "C" PRIMARY KEY,
    change bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE public.closing (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    round_id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    digest text NOT NULL,
    codes jsonb NOT NULL,
    cut_limit integer,
    cut_score text,
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (vacancy_id, list)
);
CREATE INDEX closing_round ON public.closing (round_id, list);

CREATE TABLE public.closed_line (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    place integer,                      -- lines from 1, in merit order, those without a rank last
    participant_no text COLLATE "C" NOT NULL,
    rank integer,                       -- shared by equals
    equals integer NOT NULL,            -- how many share it
    score text,                         -- as published, with the policy's digits
    code text NOT NULL,
    points jsonb NOT NULL,              -- by component, decimals as strings
    admitted boolean NOT NULL,          -- goes on to the next stage; on the last list: has a seat
    PRIMARY KEY (vacancy_id, list, place),
    UNIQUE (vacancy_id, list, participant_no)
);

-- An officer's choice between people whom no rule tells apart. The newest of a list holds.
CREATE TABLE public.tie_decision (
    decision_id uuid PRIMARY KEY,
    vacancy_id text COLLATE "C" NOT NULL,
    list text COLLATE "C" NOT NULL,
    participants text[] NOT NULL,       -- in the order decided
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX tie_decision_vacancy ON public.tie_decision (vacancy_id, list, decided_at);

CREATE TABLE public.tie_place (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    participant_no text COLLATE "C",
    place smallint NOT NULL,
    decision_id uuid NOT NULL REFERENCES public.tie_decision,
    PRIMARY KEY (vacancy_id, list, participant_no)
);

-- migrate:down
DROP TABLE public.tie_place, public.tie_decision, public.closed_line, public.closing,
    public.caught_up, public.stated;
