-- migrate:up

-- As they were stated; the round's policy orders them. Of facts learnt before, both are unknown
-- until the projections are made anew.
ALTER TABLE projections.applicant_facts ADD COLUMN education text, ADD COLUMN priority text;

COMMENT ON COLUMN projections.standing.score IS
    'In units of the list''s last digit, and in the bits from 2^48 the priority group; null unless '
    'ranked';

-- migrate:down
COMMENT ON COLUMN projections.standing.score IS NULL;
ALTER TABLE projections.applicant_facts DROP COLUMN education, DROP COLUMN priority;
