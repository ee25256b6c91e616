-- migrate:up

CREATE TABLE public.applications (
    vacancy_id text NOT NULL REFERENCES public.vacancies,
    participant_no text NOT NULL,
    round_id text NOT NULL,
    status text NOT NULL DEFAULT 'submitted'
        CHECK (status IN ('submitted', 'verified', 'rejected', 'withdrawn')),
    reasons text[] NOT NULL DEFAULT '{}',       -- codes of a rejection
    submitted_at timestamptz NOT NULL,
    decided_at timestamptz,                     -- MS or TMS; a withdrawal keeps it
    withdrawn_at timestamptz,
    PRIMARY KEY (vacancy_id, participant_no)
) WITH (fillfactor = 90);
-- The verifier's queue: one status of a vacancy, in order of participant number.
CREATE INDEX applications_queue ON public.applications (vacancy_id, status, participant_no);

-- Who it is and what is known of them, apart from what the application came to: erasing a row here
-- leaves every count as it was.
CREATE TABLE public.applications_personal (
    vacancy_id text NOT NULL,
    participant_no text NOT NULL,
    round_id text NOT NULL,
    -- The identity provider's opaque id; none where only the log remembered the application.
    subject text,
    education_level text NOT NULL,
    education_programme text,
    -- Grade point average, or mean diploma mark of a school.
    gpa numeric(5, 2),
    birth_date date,
    relevant_experience_months integer,
    note text NOT NULL DEFAULT '',              -- the verifier's, for officers and verifiers alone
    PRIMARY KEY (vacancy_id, participant_no),
    FOREIGN KEY (vacancy_id, participant_no) REFERENCES public.applications,
    UNIQUE (subject, round_id)                  -- one application for each person and round
);

-- What a person, a verifier or an officer sees of one application; the note is left to those who
-- may.
CREATE VIEW public.application_details AS
SELECT application.*, vacancy.listing_id, vacancy.agency, vacancy.post, vacancy.need,
       unit.path AS unit_path, round.name AS round_name, personal.subject,
       personal.education_level, personal.education_programme, personal.gpa, personal.birth_date,
       personal.relevant_experience_months, personal.note
  FROM public.applications AS application
  JOIN public.vacancies AS vacancy USING (vacancy_id)
  JOIN public.units AS unit USING (unit_id)
  JOIN public.rounds AS round ON round.round_id = application.round_id
  LEFT JOIN public.applications_personal AS personal USING (vacancy_id, participant_no);

-- migrate:down
DROP VIEW public.application_details;
DROP TABLE public.applications_personal, public.applications;
