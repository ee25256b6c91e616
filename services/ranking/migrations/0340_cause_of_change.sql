-- migrate:up

-- What StandingsRecomputed names as its cause: the id of the event or request that changed the
-- vacancy last.
ALTER TABLE projections.vacancy_lock ADD COLUMN changed_by text;

-- migrate:down
ALTER TABLE projections.vacancy_lock DROP COLUMN changed_by;
