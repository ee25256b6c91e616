-- migrate:up

-- Whose a participant number is, as hashes by which a token is known again. The older hash,
-- `owner`, binds the participant number: it is read where the account was never said.
CREATE TABLE projections.candidate_account (
    vacancy_id text COLLATE "C" NOT NULL,
    participant_no text COLLATE "C" NOT NULL,
    round_id text COLLATE "C" NOT NULL,
    account text COLLATE "C",
    owner text COLLATE "C",
    PRIMARY KEY (vacancy_id, participant_no),
    CHECK (num_nonnulls(account, owner) > 0)
);
CREATE INDEX candidate_account_of_round ON projections.candidate_account (round_id, account);
INSERT INTO projections.candidate_account (vacancy_id, participant_no, round_id, owner)
SELECT vacancy_id, participant_no, vacancy.round_id, owner
  FROM projections.applicant_owner JOIN projections.vacancy USING (vacancy_id);
DROP TABLE projections.applicant_owner;

-- migrate:down
CREATE TABLE projections.applicant_owner (
    vacancy_id text COLLATE "C",
    participant_no text COLLATE "C",
    owner text NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no)
);
INSERT INTO projections.applicant_owner
SELECT vacancy_id, participant_no, owner
  FROM projections.candidate_account WHERE owner IS NOT NULL;
DROP TABLE projections.candidate_account;
