-- migrate:up

-- Units as applications states them. `sequence` is that of the event, by which an older one never
-- overwrites a newer.
CREATE TABLE projections.unit (
    unit_id     text    PRIMARY KEY,
    path        text    NOT NULL,
    staff       integer NOT NULL CHECK (staff >= 0),
    sequence    bigint  NOT NULL
);

-- What units did for citizens, as an officer reported it; `month` is its first day.
CREATE TABLE public.services_rendered (
    unit_id     text    NOT NULL,
    month       date    NOT NULL CHECK (extract(day FROM month) = 1),
    services    bigint  NOT NULL CHECK (services >= 0),
    PRIMARY KEY (unit_id, month)
);

-- What of a complaint may be counted. Words and persons lie apart: erasing them leaves every figure
-- as it is.
CREATE TABLE public.complaint (
    complaint_id        uuid        PRIMARY KEY,
    unit_id             text        NOT NULL,
    category            text        NOT NULL,
    -- fixed when filed: a unit that grows must not uncover old complaints
    category_shown      boolean     NOT NULL,
    filed_at            timestamptz NOT NULL,
    filed_on            date        NOT NULL,   -- in the province's zone
    outcome             text        CHECK (outcome IN ('upheld', 'not-upheld', 'referred')),
    resolved_at         timestamptz,
    resolved_on         date,
    CHECK ((outcome IS NULL) = (resolved_at IS NULL) AND (outcome IS NULL) = (resolved_on IS NULL))
);
CREATE INDEX complaint_unit ON public.complaint (unit_id, complaint_id);
CREATE INDEX complaint_open ON public.complaint (complaint_id) WHERE outcome IS NULL;
-- The assessment's question: how many a unit and category in the window?
CREATE INDEX complaint_window ON public.complaint (filed_on, unit_id, category, outcome);

CREATE TABLE public.complaint_words (
    complaint_id        uuid        PRIMARY KEY REFERENCES public.complaint,
    -- the provider's id of a named complainant; null: anonymous
    subject             text,
    tracking_hash       bytea       NOT NULL UNIQUE,
    text                text        NOT NULL,
    place               text,
    happened_on         date,
    answer              text
);
CREATE INDEX complaint_words_subject ON public.complaint_words (subject, complaint_id)
    WHERE subject IS NOT NULL;

-- Flags are decisions: raised with the figures of then, lowered with those of then, and kept.
CREATE TABLE public.flag (
    id                  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id             text        NOT NULL,
    kind                text        NOT NULL CHECK (kind IN ('staff', 'process', 'training')),
    flagged_at          timestamptz NOT NULL,
    flagged_figures     jsonb       NOT NULL,
    cleared_at          timestamptz,
    cleared_figures     jsonb,
    CHECK ((cleared_at IS NULL) = (cleared_figures IS NULL))
);
CREATE UNIQUE INDEX flag_open ON public.flag (unit_id, kind) WHERE cleared_at IS NULL;
CREATE INDEX flag_unit ON public.flag (unit_id, id);

-- The mark: an assessment is owed. Each effect adds a row of its own, so that no two wait for each
-- other; the assessment removes what it saw.
CREATE TABLE public.assessment_owed (
    id                  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);

-- The province's sums of the last assessment, which units are shown against.
CREATE TABLE public.assessment (
    only_row            boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    -- in the province's zone; on a new day the window may have moved
    assessed_on         date        NOT NULL,
    assessed_at         timestamptz NOT NULL,
    norms               jsonb       NOT NULL
);

-- migrate:down

DROP TABLE public.assessment, public.assessment_owed, public.flag, public.complaint_words,
    public.complaint, public.services_rendered;
DROP TABLE projections.unit;
