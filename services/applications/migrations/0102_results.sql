-- migrate:up

-- What ranking said of a candidate on a list: shortlisted, or selected for a seat.
CREATE TABLE projections.results (
    vacancy_id text NOT NULL,
    participant_no text NOT NULL,
    list text NOT NULL,
    selected boolean NOT NULL,
    rank integer NOT NULL,
    score numeric NOT NULL,
    code text NOT NULL,
    at timestamptz NOT NULL,
    sequence bigint NOT NULL,                   -- of terang.ranking: only newer overwrites
    PRIMARY KEY (vacancy_id, participant_no, list)
);

-- Lists that ranking fixed: whoever was a candidate and has no result there did not pass.
CREATE TABLE projections.closed_lists (
    vacancy_id text NOT NULL,
    list text NOT NULL,
    at timestamptz NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (vacancy_id, list)
);

-- migrate:down
DROP TABLE projections.closed_lists, projections.results;
