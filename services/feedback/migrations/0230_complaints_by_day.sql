-- migrate:up

-- Complaints and answers are stated once their day is over, all of a day together. What stands here
-- was stated when it came.
ALTER TABLE public.complaint
    ADD COLUMN stated boolean NOT NULL DEFAULT false,
    ADD COLUMN answer_stated boolean NOT NULL DEFAULT false;
UPDATE public.complaint SET stated = true, answer_stated = outcome IS NOT NULL;

-- Of a complaint the day is kept, and no more.
ALTER TABLE public.complaint DROP COLUMN filed_at, DROP COLUMN resolved_at;
ALTER TABLE public.complaint
    ADD CHECK ((outcome IS NULL) = (resolved_on IS NULL)),
    ADD CHECK (stated OR NOT answer_stated);

-- Ids are random: days give the order.
DROP INDEX public.complaint_unit, public.complaint_open;
CREATE INDEX complaint_unit ON public.complaint (unit_id, filed_on, complaint_id);
CREATE INDEX complaint_order ON public.complaint (filed_on, complaint_id);
CREATE INDEX complaint_open ON public.complaint (filed_on, complaint_id) WHERE outcome IS NULL;
-- The statement's questions: what is not stated yet?
CREATE INDEX complaint_unstated ON public.complaint (filed_on) WHERE NOT stated;
CREATE INDEX complaint_answer_unstated ON public.complaint (resolved_on)
    WHERE outcome IS NOT NULL AND NOT answer_stated;

-- The last day on which complaints were stated. Once a day: a complaint that came to light alone
-- would tell its moment.
CREATE TABLE public.complaints_stated (
    only_row            boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    stated_on           date        NOT NULL    -- in the province's zone
);
INSERT INTO public.complaints_stated (stated_on) VALUES ('1970-01-01');
-- Rates are summed up otherwise from this version on.
INSERT INTO public.assessment_owed DEFAULT VALUES;

-- migrate:down

DROP TABLE public.complaints_stated;
ALTER TABLE public.complaint
    DROP COLUMN stated, DROP COLUMN answer_stated,
    ADD COLUMN filed_at timestamptz, ADD COLUMN resolved_at timestamptz;
UPDATE public.complaint SET filed_at = filed_on, resolved_at = resolved_on;
ALTER TABLE public.complaint
    ALTER COLUMN filed_at SET NOT NULL,
    ADD CHECK ((outcome IS NULL) = (resolved_at IS NULL));
DROP INDEX public.complaint_unit, public.complaint_order, public.complaint_open;
CREATE INDEX complaint_unit ON public.complaint (unit_id, complaint_id);
CREATE INDEX complaint_open ON public.complaint (complaint_id) WHERE outcome IS NULL;
