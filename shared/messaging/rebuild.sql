-- name: owns_projections()$
-- Whether this session's role owns the schema projections, and so may put another in its place.
SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'projections';

-- name: live_positions(topics)
-- Where the worker stands in the partitions of these topics.
SELECT topic, partition, next_offset, sequence, sequence_offset, sequence_event, failures,
       released_through, checksum
  FROM messaging.position
 WHERE topic = ANY (:topics::text[])
 ORDER BY topic, partition;

-- name: uncopyable_objects()
-- What the schema projections holds that clone can't copy, in words for an operator.
SELECT format('%s %s', CASE relkind WHEN 'S' THEN 'sequence' WHEN 'p' THEN 'partitioned table'
                                    ELSE 'view' END, relname) AS thing
  FROM pg_class
 WHERE relnamespace = 'projections'::regnamespace AND relkind IN ('v', 'm', 'f', 'p', 'S')
   AND NOT (relkind = 'S'
            AND EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'i'))
UNION ALL
SELECT format('trigger %s', tgname) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
 WHERE relnamespace = 'projections'::regnamespace AND NOT tgisinternal
UNION ALL
SELECT format('function %s', proname) FROM pg_proc
 WHERE pronamespace = 'projections'::regnamespace
UNION ALL
SELECT format('foreign key %s, from another schema,', conname)
  FROM pg_constraint JOIN pg_class ON pg_class.oid = confrelid
 WHERE contype = 'f' AND relnamespace = 'projections'::regnamespace
   AND connamespace <> relnamespace;

-- name: tables()
-- The tables of the schema projections, as SQL writes their names.
SELECT quote_ident(relname) AS name FROM pg_class
 WHERE relnamespace = 'projections'::regnamespace AND relkind = 'r';

-- name: constraints()
-- Statements that give the tables of projections_next the constraints of projections.
-- Run with search_path = projections: names in definitions then stand unqualified, and mean the new
-- tables when the statements are run.
SELECT format('ALTER TABLE projections_next.%I ADD CONSTRAINT %I %s', relname, conname,
              pg_get_constraintdef(pg_constraint.oid)) AS statement
  FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
 WHERE connamespace = 'projections'::regnamespace AND contype IN ('p', 'u', 'x', 'f')
 ORDER BY contype = 'f', conname;

-- name: indexes()
-- Statements that give projections_next the indexes of projections that are no constraint's.
SELECT replace(pg_get_indexdef(indexrelid), ' ON projections.', ' ON projections_next.')
       AS statement
  FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
 WHERE relnamespace = 'projections'::regnamespace AND relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_constraint
                    WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'));

-- name: schema_oid(name)$
-- The number by which PostgreSQL knows this schema, also after another took its name.
SELECT :name::regnamespace::oid::bigint;
