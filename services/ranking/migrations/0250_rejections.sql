-- migrate:up

-- Why applications were rejected. Personal, like applicant_facts: published as a commitment, and
-- opened to the person alone.
CREATE TABLE projections.rejection (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    reasons text[] NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no)
);

-- migrate:down
DROP TABLE projections.rejection;
