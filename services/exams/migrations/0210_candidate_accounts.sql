-- migrate:up

-- Whose a participant number is, as hashes by which a token is known again. The older hash,
-- `owner`, binds the participant number: it is read where the account was never said.
CREATE TABLE projections.candidate_account (
    vacancy_id text NOT NULL,
    participant_no text NOT NULL,
    round_id text NOT NULL,
    account text,
    owner text,
    PRIMARY KEY (vacancy_id, participant_no),
    CHECK (num_nonnulls(account, owner) > 0)
);
CREATE INDEX candidate_account_of_round ON projections.candidate_account (round_id, account);

-- migrate:down
DROP TABLE projections.candidate_account;
