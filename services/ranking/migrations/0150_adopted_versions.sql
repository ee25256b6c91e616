-- migrate:up

-- A fixed list may be followed by a version that an officer adopts. No version is ever changed; of
-- each list the newest counts, and is what the views `closing`, `closed_line` and `closed_fact`
-- show.
ALTER TABLE public.closing RENAME TO closing_version;
ALTER TABLE public.closing_version
    -- places that officers gave among equals, by participant number, as they were when it was fixed
    ADD COLUMN decided jsonb NOT NULL DEFAULT '{}',
    -- the version whose place it took; this and what comes after: null for the first, which was
    -- closed
    ADD COLUMN follows integer,
    ADD COLUMN reason text,                             -- public
    ADD COLUMN adopted_by text,
    ADD CHECK (num_nulls(follows, reason, adopted_by) IN (0, 3)),
    DROP CONSTRAINT closing_pkey,
    ADD PRIMARY KEY (vacancy_id, list, version);
CREATE UNIQUE INDEX closing_first ON public.closing_version (vacancy_id, list)
    WHERE follows IS NULL;
CREATE UNIQUE INDEX closing_follows ON public.closing_version (vacancy_id, list, follows);

UPDATE public.closing_version SET decided = tied.places
  FROM (SELECT vacancy_id, list, jsonb_object_agg(participant_no, place) AS places
      FROM public.tie_place GROUP BY 1, 2) AS tied
 WHERE tied.vacancy_id = closing_version.vacancy_id AND tied.list = closing_version.list;

ALTER TABLE public.closed_line RENAME TO closed_line_version;
ALTER TABLE public.closed_line_version ADD COLUMN version integer;
UPDATE public.closed_line_version SET version = closing_version.version FROM public.closing_version
 WHERE closing_version.vacancy_id = closed_line_version.vacancy_id
     AND closing_version.list = closed_line_version.list;
ALTER TABLE public.closed_line_version
    DROP CONSTRAINT closed_line_pkey,
    DROP CONSTRAINT closed_line_vacancy_id_list_participant_no_key,
    -- place first: a page of the version that counts is read in order
    ADD PRIMARY KEY (vacancy_id, list, place, version),
    ADD UNIQUE (vacancy_id, list, participant_no, version);

ALTER TABLE public.closed_fact RENAME TO closed_fact_version;
ALTER TABLE public.closed_fact_version ADD COLUMN version integer;
UPDATE public.closed_fact_version SET version = closing_version.version FROM public.closing_version
 WHERE closing_version.vacancy_id = closed_fact_version.vacancy_id
     AND closing_version.list = closed_fact_version.list;
ALTER TABLE public.closed_fact_version DROP CONSTRAINT closed_fact_pkey, ADD
    PRIMARY KEY (vacancy_id, list, participant_no, version);

CREATE VIEW public.closing AS
SELECT * FROM public.closing_version AS this
 WHERE NOT EXISTS (SELECT FROM public.closing_version AS later
                    WHERE later.vacancy_id = this.vacancy_id AND later.list = this.list
                        AND later.version > this.version);

CREATE VIEW public.closed_line AS
SELECT * FROM public.closed_line_version AS line
 WHERE NOT EXISTS (SELECT FROM public.closing_version AS later
                    WHERE later.vacancy_id = line.vacancy_id AND later.list = line.list
                        AND later.version > line.version);

CREATE VIEW public.closed_fact AS
SELECT * FROM public.closed_fact_version AS fact
 WHERE NOT EXISTS (SELECT FROM public.closing_version AS later
                    WHERE later.vacancy_id = fact.vacancy_id AND later.list = fact.list
                        AND later.version > fact.version);

-- migrate:down
DROP VIEW public.closed_fact, public.closed_line, public.closing;
DELETE FROM public.closed_fact_version WHERE EXISTS
    (SELECT FROM public.closing_version AS adopted
    WHERE follows IS NOT NULL AND adopted.version = closed_fact_version.version
        AND adopted.vacancy_id = closed_fact_version.vacancy_id
            AND adopted.list = closed_fact_version.list);
DELETE FROM public.closed_line_version WHERE EXISTS
    (SELECT FROM public.closing_version AS adopted
    WHERE follows IS NOT NULL AND adopted.version = closed_line_version.version
        AND adopted.vacancy_id = closed_line_version.vacancy_id
            AND adopted.list = closed_line_version.list);
DELETE FROM public.closing_version WHERE follows IS NOT NULL;
ALTER TABLE public.closed_fact_version DROP COLUMN version, ADD CONSTRAINT closed_fact_pkey
    PRIMARY KEY (vacancy_id, list, participant_no);
ALTER TABLE public.closed_fact_version RENAME TO closed_fact;
ALTER TABLE public.closed_line_version
    DROP COLUMN version,
    ADD CONSTRAINT closed_line_pkey PRIMARY KEY (vacancy_id, list, place),
    ADD CONSTRAINT closed_line_vacancy_id_list_participant_no_key UNIQUE (vacancy_id, list,
    participant_no);
ALTER TABLE public.closed_line_version RENAME TO closed_line;
ALTER TABLE public.closing_version
    DROP COLUMN decided, DROP COLUMN follows, DROP COLUMN reason, DROP COLUMN adopted_by,
    DROP CONSTRAINT closing_version_pkey,
    ADD CONSTRAINT closing_pkey PRIMARY KEY (vacancy_id, list);
ALTER TABLE public.closing_version RENAME TO closing;
