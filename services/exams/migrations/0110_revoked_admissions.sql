-- migrate:up

-- A corrected list may take an admission back, and give it again.
ALTER TABLE projections.admission
    ADD COLUMN revoked boolean NOT NULL DEFAULT false,
    -- of the event that said so, in its topic's partition: only newer overwrites
    ADD COLUMN sequence bigint NOT NULL DEFAULT 0;

-- migrate:down
DELETE FROM projections.admission WHERE revoked;
ALTER TABLE projections.admission DROP COLUMN revoked, DROP COLUMN sequence;
