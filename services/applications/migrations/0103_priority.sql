-- migrate:up

-- Priority group of the round's policy, as a verifier found it; none where the policy has none, or
-- nobody said.
ALTER TABLE public.applications_personal ADD COLUMN priority text;

CREATE OR REPLACE VIEW public.application_details AS
SELECT application.*, vacancy.listing_id, vacancy.agency, vacancy.post, vacancy.need,
       unit.path AS unit_path, round.name AS round_name, personal.subject,
       personal.education_level, personal.education_programme, personal.gpa, personal.birth_date,
       personal.relevant_experience_months, personal.note, personal.priority
  FROM public.applications AS application
  JOIN public.vacancies AS vacancy USING (vacancy_id)
  JOIN public.units AS unit USING (unit_id)
  JOIN public.rounds AS round ON round.round_id = application.round_id
  LEFT JOIN public.applications_personal AS personal USING (vacancy_id, participant_no);

-- migrate:down
DROP VIEW public.application_details;
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
ALTER TABLE public.applications_personal DROP COLUMN priority;
