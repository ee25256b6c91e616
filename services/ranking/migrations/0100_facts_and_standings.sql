-- migrate:up

-- What ranking learnt from others' events, and what follows from it. All of this can be built anew
-- from the log. Identifiers compare by bytes: it is quicker, and the same on every server.

CREATE TABLE projections.round (
    round_id text COLLATE "C" PRIMARY KEY,
    name text,
    policy jsonb,                       -- null while only a vacancy has spoken of the round
    policy_hash text,
    seed text,
    decreed_seats integer,
    sequence bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN projections.round.sequence IS
    'Here and below: sequence of the event that the row came from, in its partition; only a newer '
    'one overwrites';

CREATE TABLE projections.vacancy (
    vacancy_id text COLLATE "C" PRIMARY KEY,
    round_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    listing_id text NOT NULL,
    agency text NOT NULL,
    post text NOT NULL,
    unit_id text NOT NULL,
    unit_path text NOT NULL,
    need text NOT NULL,
    seats integer NOT NULL,
    sequence bigint NOT NULL
);
CREATE UNIQUE INDEX vacancy_round_number ON projections.vacancy (round_id, number);

CREATE TABLE projections.registration (
    vacancy_id text COLLATE "C" PRIMARY KEY,
    submitted integer NOT NULL,         -- participant numbers given out in all
    sequence bigint NOT NULL
);

CREATE TABLE projections.candidate (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    verified boolean,                   -- MS true, TMS false, null while undecided
    verified_sequence bigint NOT NULL DEFAULT 0,
    withdrawn boolean NOT NULL DEFAULT false,
    submitted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (vacancy_id, participant_no)
);

-- Personal facts, apart from all else: one table to erase from.
CREATE TABLE projections.applicant_facts (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    gpa numeric,
    birth_date date,
    relevant_experience_months integer,
    sequence bigint NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no)
);

CREATE TABLE projections.sitting (
    vacancy_id text COLLATE "C",
    sitting_id uuid,
    stage text COLLATE "C" NOT NULL,
    closed boolean NOT NULL DEFAULT false,
    scored integer,                     -- the counts of SittingClosed
    missed integer,
    disqualified integer,
    sequence bigint NOT NULL,
    PRIMARY KEY (vacancy_id, sitting_id)
);

CREATE TABLE projections.result (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    stage text COLLATE "C",
    sitting_id uuid,
    outcome smallint NOT NULL,          -- domain.merit.Outcome: 0 scored, 1 missed, 2 disqualified
    points jsonb,                       -- by component, decimals as strings; null unless scored
    sequence bigint NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no, stage, sitting_id)
);

-- One row for each vacancy that anything is known of: its lock, which every change takes first, in
-- sorted order. `change` differs from public.caught_up while a StandingsRecomputed is owed; it
-- comes from a sequence, so that after a rebuild all are owed.
CREATE SEQUENCE public.change;
CREATE TABLE projections.desk (
    vacancy_id text COLLATE "C" PRIMARY KEY,
    change bigint NOT NULL DEFAULT nextval('public.change')
) WITH (fillfactor = 50);

-- Where each candidate stands on each list. No rank: it follows from the keys' order and the
-- counts.
CREATE TABLE projections.standing (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    participant_no text COLLATE "C",
    gate smallint NOT NULL,             -- domain.merit.Gate: 0 ranked
    score bigint,                       -- in units of the list's last digit; null unless ranked
    -- its byte order is the merit order; holds personal facts where ties use them: never shown
    merit_key bytea NOT NULL,
    PRIMARY KEY (vacancy_id, list, participant_no)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX standing_merit ON projections.standing (vacancy_id, list, merit_key);

CREATE TABLE projections.tally (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    gate smallint,
    score bigint,                       -- 0 unless ranked
    candidates integer NOT NULL,
    PRIMARY KEY (vacancy_id, list, gate, score)
) WITH (fillfactor = 70);

-- migrate:down
DROP TABLE projections.tally, projections.standing, projections.desk, projections.result,
    projections.sitting, projections.applicant_facts,
    projections.candidate, projections.registration, projections.vacancy, projections.round;
DROP SEQUENCE public.change;
