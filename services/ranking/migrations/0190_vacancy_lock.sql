-- migrate:up

-- The table is called what it is: one row for each vacancy, which every change locks first.
ALTER TABLE projections.desk RENAME TO vacancy_lock;
ALTER INDEX projections.desk_pkey RENAME TO vacancy_lock_pkey;

-- migrate:down
ALTER INDEX projections.vacancy_lock_pkey RENAME TO desk_pkey;
ALTER TABLE projections.vacancy_lock RENAME TO desk;
