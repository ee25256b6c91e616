-- migrate:up

-- What stands before the lines of a published version, few among many: which versions of which
-- lists it holds.
CREATE INDEX published_leaf_heading ON public.published_leaf (round_id, version, vacancy_id, list)
    WHERE participant_no IS NULL;

-- migrate:down
DROP INDEX public.published_leaf_heading;
