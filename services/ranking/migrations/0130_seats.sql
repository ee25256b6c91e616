-- migrate:up

-- What vacancies accept: [{"level": …, "programme": …}, …]. Null where an older version learnt of
-- the vacancy: `terang rebuild ranking` mends it.
ALTER TABLE projections.vacancy ADD COLUMN education jsonb;

-- What people answered when a seat was offered or given to them.
CREATE TABLE projections.seat_answer (
    vacancy_id text COLLATE "C",        -- that has the seat
    participant_no text COLLATE "C",
    round_id text COLLATE "C" NOT NULL,
    answer text NOT NULL,               -- domain.seats.Answer
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no)
);
CREATE INDEX seat_answer_round ON projections.seat_answer (round_id);

-- A round whose empty seats are being filled, and what the filling goes by: vacancies and closed
-- lists as they were when an officer began it. A pool's vacancies are those between which the
-- policy's moves may bring people.
CREATE TABLE public.filling (
    round_id text COLLATE "C" PRIMARY KEY,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL
);

CREATE TABLE public.filling_vacancy (
    vacancy_id text COLLATE "C" PRIMARY KEY,
    round_id text COLLATE "C" NOT NULL REFERENCES public.filling,
    pool integer NOT NULL,
    number integer NOT NULL,
    agency text NOT NULL,
    post text NOT NULL,
    unit_id text NOT NULL,
    unit_path text NOT NULL,
    need text NOT NULL,
    seats integer NOT NULL,
    education jsonb NOT NULL,
    left_empty integer NOT NULL DEFAULT 0       -- as the newest SeatLeftEmpty says
);
CREATE INDEX filling_vacancy_pool ON public.filling_vacancy (round_id, pool);

CREATE TABLE public.filling_candidate (
    vacancy_id text COLLATE "C",        -- that they applied for
    participant_no text COLLATE "C",
    round_id text COLLATE "C" NOT NULL,
    pool integer NOT NULL,
    rank integer NOT NULL,
    selected boolean NOT NULL,
    -- by kind of need: place among the pool under its rules, shared by equals; holds no personal
    -- fact
    places jsonb NOT NULL,
    meets text[] NOT NULL,              -- kinds of need whose passing grades are met
    PRIMARY KEY (vacancy_id, participant_no)
);
CREATE INDEX filling_candidate_pool ON public.filling_candidate (round_id, pool);

CREATE TABLE public.seat_offer (
    offer_id uuid PRIMARY KEY,
    vacancy_id text COLLATE "C" NOT NULL,
    participant_no text COLLATE "C" NOT NULL,
    round_id text COLLATE "C" NOT NULL,
    pool integer NOT NULL,
    applied_for text COLLATE "C" NOT NULL,
    move integer,                       -- of the policy, from 1; null: next on the own list
    code text NOT NULL,
    offered_at timestamptz NOT NULL,
    UNIQUE (vacancy_id, participant_no)
);
CREATE INDEX seat_offer_pool ON public.seat_offer (round_id, pool);

-- An officer's order of people whom no rule tells apart. The newest of a vacancy holds.
CREATE TABLE public.seat_tie_place (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    round_id text COLLATE "C" NOT NULL,
    pool integer NOT NULL,
    place smallint NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no)
);

-- migrate:down
DROP TABLE public.seat_tie_place, public.seat_offer, public.filling_candidate,
    public.filling_vacancy, public.filling, projections.seat_answer;
ALTER TABLE projections.vacancy DROP COLUMN education;
