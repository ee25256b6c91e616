-- name: written(schema, oid, marks)^
-- What this transaction wrote outside of a schema and the tables `marks`, and whether the schema is
-- still the one with this oid. Tables that were written to can't be dropped before it ends.
SELECT ARRAY(SELECT schemaname || '.' || relname FROM pg_stat_xact_user_tables
              WHERE schemaname <> :schema AND schemaname NOT LIKE 'pg\_%'
                AND n_tup_ins + n_tup_upd + n_tup_del > 0
                AND schemaname || '.' || relname <> ALL (:marks::text[])
              ORDER BY 1) AS elsewhere,
       coalesce(to_regnamespace(:schema)::oid = :oid::bigint::oid, false) AS ours;
