-- migrate:up

-- Facts by which a list was ranked, as they were when an officer fixed it. Personal: to be erased
-- with projections.applicant_facts.
CREATE TABLE public.closed_fact (
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    participant_no text COLLATE "C",
    gpa numeric,
    birth_date date,
    relevant_experience_months integer,
    education text,
    priority text,
    PRIMARY KEY (vacancy_id, list, participant_no)
);

-- Versions of a round's published lists. Proposed by one officer, signed by another; what is signed
-- is never changed, only followed.
CREATE TABLE public.publication (
    round_id text COLLATE "C",
    version integer,
    proposal jsonb NOT NULL,
    digest text NOT NULL,               -- of the proposal: what the second officer signs by name
    -- digest of the lists alone: a new version must differ in it
    lists text NOT NULL,
    policy jsonb NOT NULL,
    -- all hashes, 32 bytes each, level by level from the leaves to the root
    tree bytea NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    head jsonb,                         -- this and what follows: null until signed
    signature text,
    public_key text,                    -- PEM
    signed_by text,
    signed_at timestamptz,
    PRIMARY KEY (round_id, version),
    CHECK (signed_by <> proposed_by),
    CHECK (num_nulls(head, signature, public_key, signed_by, signed_at) IN (0, 5))
);
CREATE UNIQUE INDEX publication_proposed ON public.publication (round_id) WHERE signature IS NULL;
-- so that a few hashes can be read out of millions
ALTER TABLE public.publication ALTER COLUMN tree SET STORAGE EXTERNAL;

CREATE TABLE public.published_leaf (
    round_id text COLLATE "C",
    version integer,
    leaf integer,                       -- from 0, in the order of the file
    vacancy_id text COLLATE "C" NOT NULL,
    list text COLLATE "C",              -- null for the vacancy itself
    participant_no text COLLATE "C",    -- null unless a line
    content text NOT NULL,              -- canonical JSON, to the byte
    PRIMARY KEY (round_id, version, leaf),
    FOREIGN KEY (round_id, version) REFERENCES public.publication ON DELETE CASCADE
);
CREATE INDEX published_leaf_candidate ON public.published_leaf (vacancy_id, participant_no);

-- What opens a commitment to the person. Personal: to be erased with projections.applicant_facts;
-- what is published stays as it is.
CREATE TABLE public.opening (
    round_id text COLLATE "C",
    version integer,
    vacancy_id text COLLATE "C",
    list text COLLATE "C",
    participant_no text COLLATE "C",
    content jsonb NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no, list, round_id, version),
    FOREIGN KEY (round_id, version) REFERENCES public.publication ON DELETE CASCADE
);

-- Whose a participant number is: a hash of their subject, by which their own token is known.
CREATE TABLE projections.applicant_owner (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    owner text NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no)
);

-- migrate:down
DROP TABLE projections.applicant_owner, public.opening, public.published_leaf, public.publication,
    public.closed_fact;
