-- migrate:up

-- By which the newest round is known. Null where an older version learnt of the round: `terang
-- rebuild ranking` mends it.
ALTER TABLE projections.round ADD COLUMN registration_opens timestamptz;

-- migrate:down
ALTER TABLE projections.round DROP COLUMN registration_opens;
