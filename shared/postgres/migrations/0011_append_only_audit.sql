-- migrate:up
-- Whoever is no owner of the tables can only add to the trail: deploy/postgres/database.sql gave
-- the service's role the rows of every table.
DO $$
DECLARE role_name text;
BEGIN
    FOR role_name IN
        SELECT DISTINCT granted.grantee::regrole::text
          FROM pg_class, aclexplode(relacl) AS granted
         WHERE pg_class.oid = 'public.audit'::regclass
           AND granted.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON public.audit FROM %s', role_name);
    END LOOP;
END
$$;

-- migrate:down
