-- migrate:up

-- A corrected list may take back what it said of a candidate: then the row stays, so that nothing
-- older comes up again, and says nothing.
ALTER TABLE projections.results
    ADD COLUMN revoked boolean NOT NULL DEFAULT false,
    ALTER COLUMN rank DROP NOT NULL,
    ALTER COLUMN score DROP NOT NULL,
    ADD CHECK (revoked OR num_nulls(rank, score) = 0);

-- migrate:down
DELETE FROM projections.results WHERE revoked;
ALTER TABLE projections.results
    DROP COLUMN revoked,
    ALTER COLUMN rank SET NOT NULL,
    ALTER COLUMN score SET NOT NULL;
