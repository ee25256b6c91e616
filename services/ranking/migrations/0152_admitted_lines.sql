-- migrate:up

-- Who goes on is asked by candidate, whichever list it was that admitted them.
CREATE INDEX closed_line_admitted ON public.closed_line_version (vacancy_id, participant_no)
    WHERE admitted;

-- migrate:down
DROP INDEX public.closed_line_admitted;
