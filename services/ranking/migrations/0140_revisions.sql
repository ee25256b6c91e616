-- migrate:up

-- Events that replaced what was known of a candidate: why a list moved after it was fixed. Built
-- anew from the log; no values.
CREATE TABLE projections.correction (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    event_id uuid,
    type text NOT NULL,                 -- the event's
    stage text COLLATE "C",             -- null where it is about no stage
    stated_at timestamptz NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no, event_id)
);

-- A version of the standings that came after a list was fixed: it stands beside the fixed one,
-- which never changes.
CREATE TABLE public.revision (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    version integer,                    -- as StandingsRecomputed states it
    follows integer NOT NULL,           -- the fixed version that it is compared with
    digest text NOT NULL,
    codes jsonb NOT NULL,
    cut_limit integer,
    cut_score text,
    moved integer NOT NULL,             -- whose rank, score or code differs
    moved_in integer NOT NULL,
    moved_out integer NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (vacancy_id, list, version)
);

-- Who stands elsewhere than on the fixed list, and who was corrected without moving.
CREATE TABLE public.revision_change (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    version integer,
    participant_no text COLLATE "C",
    way text NOT NULL,                  -- in, out, moved, unmoved
    was jsonb,                          -- rank, score, code, within; null: was not on the list
    now jsonb,                          -- null: is no longer on it
    -- own ones: type, event_id, stage, components; empty where others moved
    reasons jsonb NOT NULL,
    PRIMARY KEY (vacancy_id, list, version, participant_no),
    FOREIGN KEY (vacancy_id, list, version) REFERENCES public.revision
);

-- migrate:down
DROP TABLE public.revision_change, public.revision, projections.correction;
