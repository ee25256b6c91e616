-- migrate:up

-- What others stated, as far as a sitting hangs on it. No fact waits for another: each is kept by
-- its own key and joined when asked.
CREATE TABLE projections.round (
    round_id        text PRIMARY KEY,
    policy          jsonb NOT NULL
);

CREATE TABLE projections.vacancy (
    vacancy_id      text PRIMARY KEY,
    round_id        text NOT NULL
);

-- On what ground a candidate may sit: found to meet the requirements (MS), or shortlisted by the
-- list named.
CREATE TABLE projections.admission (
    round_id        text NOT NULL,
    participant_no  text NOT NULL,
    basis           text NOT NULL,
    vacancy_id      text NOT NULL,
    PRIMARY KEY (round_id, participant_no, basis)
);
CREATE INDEX admission_vacancy ON projections.admission (vacancy_id, basis, participant_no);

CREATE TABLE projections.withdrawal (
    round_id        text NOT NULL,
    participant_no  text NOT NULL,
    PRIMARY KEY (round_id, participant_no)
);

-- How many a list shortlisted: when all of them are here, the next stage's candidates are known.
CREATE TABLE projections.closed_list (
    vacancy_id      text    NOT NULL,
    list            text    NOT NULL,
    shortlisted     integer NOT NULL,
    sequence        bigint  NOT NULL,
    PRIMARY KEY (vacancy_id, list)
);

-- Whoever records shares the sitting's row, whoever closes it owns it: nothing is recorded beside a
-- closing.
CREATE TABLE public.sitting (
    sitting_id      uuid PRIMARY KEY,
    round_id        text        NOT NULL,
    stage           text        NOT NULL,
    site            text        NOT NULL,
    starts_at       timestamptz NOT NULL,
    closed_at       timestamptz
);
CREATE INDEX sitting_stage ON public.sitting (round_id, stage, sitting_id);

CREATE TABLE public.sitting_vacancy (
    sitting_id      uuid NOT NULL REFERENCES public.sitting,
    vacancy_id      text NOT NULL,
    PRIMARY KEY (sitting_id, vacancy_id)
);

-- The newest result of each candidate at each stage, whichever sitting recorded it. What was before
-- stands in the log.
CREATE TABLE public.result (
    round_id        text        NOT NULL,
    stage           text        NOT NULL,
    participant_no  text        NOT NULL,
    vacancy_id      text        NOT NULL,
    sitting_id      uuid        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('scored', 'missed', 'disqualified')),
    points          jsonb       CHECK ((points IS NULL) = (state <> 'scored')),
    recorded_at     timestamptz NOT NULL,
    PRIMARY KEY (round_id, stage, participant_no),
    FOREIGN KEY (sitting_id, vacancy_id) REFERENCES public.sitting_vacancy
);
CREATE INDEX result_sitting ON public.result (sitting_id, vacancy_id);

-- Why a candidate was disqualified or a score corrected, in words that may be about the person:
-- they never leave this table.
CREATE TABLE public.personal_reason (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id        text        NOT NULL,
    stage           text        NOT NULL,
    participant_no  text        NOT NULL,
    decision        text        NOT NULL CHECK (decision IN ('disqualified', 'corrected')),
    reason          text        NOT NULL,
    at              timestamptz NOT NULL
);
CREATE INDEX personal_reason_candidate ON public.personal_reason (round_id, stage, participant_no,
    id);

-- migrate:down
DROP TABLE public.personal_reason, public.result, public.sitting_vacancy, public.sitting;
DROP TABLE projections.closed_list, projections.withdrawal, projections.admission,
    projections.vacancy, projections.round;
