-- Makes one service's role and database, or brings them to what stands here (psql variables: name
-- and password of the service's role, owner_password). A role can't connect to another service's
-- database: what a service learns of others comes by events.
--
-- The role `owner` owns all that is in the databases: migrations and rebuilds run as it. A
-- service's role reads and writes rows, makes nothing but tables that last as long as a transaction
-- (files are imported through them), drops nothing, and can only add to the trail of
-- decisions and of readings (public.audit): what is written there stays, until `terang migrate`
-- removes what is older than TERANG_AUDIT_KEPT_DAYS, as the owner. It reads the list of
-- migrations (public.schema_migrations) and doesn't write there.
SELECT 'CREATE ROLE owner LOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'owner') \gexec
SELECT format('ALTER ROLE owner PASSWORD %L', :'owner_password') \gexec
SELECT format('CREATE ROLE %I LOGIN', :'name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'name', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER owner', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', :'name') \gexec
\connect :"name"
-- A database of an earlier version belongs to its service's role.
SELECT format('REASSIGN OWNED BY %I TO owner', :'name') \gexec
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', :'name', :'name') \gexec
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT %s TO %I', granted, :'name')
FROM unnest(ARRAY['USAGE ON SCHEMAS', 'SELECT, INSERT, UPDATE, DELETE ON TABLES',
                  'USAGE, SELECT ON SEQUENCES']) AS granted \gexec
SELECT format(granted, nspname, :'name')
FROM pg_namespace,
     unnest(ARRAY['GRANT USAGE ON SCHEMA %I TO %I',
                  'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I',
                  'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO %I']) AS granted
WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' \gexec
SELECT format('REVOKE UPDATE, DELETE ON public.audit FROM %I', :'name')
WHERE to_regclass('public.audit') IS NOT NULL \gexec
SELECT format('REVOKE INSERT, UPDATE, DELETE ON public.schema_migrations FROM %I', :'name')
WHERE to_regclass('public.schema_migrations') IS NOT NULL \gexec
