-- migrate:up
-- The list of migrations is written by the owner alone: a service's role only reads it.
DO $$
DECLARE role_name text;
BEGIN
    FOR role_name IN
        SELECT DISTINCT granted.grantee::regrole::text
          FROM pg_class, aclexplode(relacl) AS granted
         WHERE pg_class.oid = 'public.schema_migrations'::regclass
           AND granted.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format(
            'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON public.schema_migrations FROM %s',
            role_name
        );
    END LOOP;
END
$$;

-- migrate:down
