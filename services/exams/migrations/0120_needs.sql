-- migrate:up

-- Kind of need: some have components of their own. Null where an older version learnt of the
-- vacancy: `terang rebuild exams` mends it.
ALTER TABLE projections.vacancy ADD COLUMN need text;

-- migrate:down
ALTER TABLE projections.vacancy DROP COLUMN need;
