-- migrate:up

-- Applications that came back from the log without their persons: few, or none.
CREATE INDEX applications_personal_restored ON public.applications_personal (round_id)
 WHERE subject IS NULL;

-- migrate:down
DROP INDEX public.applications_personal_restored;
