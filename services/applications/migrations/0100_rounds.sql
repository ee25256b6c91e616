-- migrate:up

CREATE TABLE public.units (
    unit_id text PRIMARY KEY,
    path text NOT NULL,
    -- The path without case and surplus blanks, as vacancies are matched with it.
    path_key text NOT NULL,
    staff integer NOT NULL CHECK (staff >= 0),
    -- Two units may swap their paths in one file.
    UNIQUE (path_key) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE public.rounds (
    round_id text PRIMARY KEY,
    name text NOT NULL,
    policy_id text NOT NULL,
    policy_version text NOT NULL,
    policy jsonb NOT NULL,                      -- whole, as RoundOpened states it: the round's law
    policy_hash text NOT NULL,
    seed text NOT NULL,
    decreed_seats integer NOT NULL CHECK (decreed_seats >= 1),
    registration_opens timestamptz NOT NULL,
    registration_closes timestamptz NOT NULL CHECK (registration_closes > registration_opens),
    opened_at timestamptz NOT NULL,
    published_at timestamptz,                   -- from then on its vacancies stay as they are
    closed_at timestamptz                       -- registration was closed
);

CREATE TABLE public.vacancies (
    vacancy_id text PRIMARY KEY,
    round_id text NOT NULL REFERENCES public.rounds,
    listing_id text NOT NULL,                   -- formasi_id of the national portal
    number integer NOT NULL CHECK (number >= 1),
    agency text NOT NULL,
    post text NOT NULL,
    unit_id text NOT NULL REFERENCES public.units,
    need text NOT NULL,
    seats integer NOT NULL CHECK (seats >= 1),
    open_to_disabled boolean NOT NULL,
    pay_min integer NOT NULL CHECK (pay_min >= 0),
    pay_max integer NOT NULL CHECK (pay_max >= pay_min),
    education jsonb NOT NULL,                   -- [{"level": …, "programme": …}, …]
    published boolean NOT NULL DEFAULT false,
    -- Registration is closed; beside the counter, so that one row lock decides.
    closed boolean NOT NULL DEFAULT false,
    -- Participant numbers given out, from 1 without a gap.
    submitted integer NOT NULL DEFAULT 0,
    UNIQUE (round_id, listing_id),
    UNIQUE (round_id, number)
) WITH (fillfactor = 40); -- a new version for each registration stays on its page

-- migrate:down
DROP TABLE public.vacancies, public.rounds, public.units;
