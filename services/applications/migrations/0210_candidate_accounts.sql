-- migrate:up

-- The hash by which other services know the person in the round (`account` of
-- ApplicantFactsStated), and by which an application is known again whose person only the log
-- remembers. Null until the worker has stated it, for applications of older versions.
ALTER TABLE public.applications_personal ADD COLUMN account text;
CREATE UNIQUE INDEX applications_personal_account
    ON public.applications_personal (round_id, account);
CREATE INDEX applications_personal_unstated
    ON public.applications_personal (vacancy_id, participant_no)
 WHERE account IS NULL AND subject IS NOT NULL;

-- Who is a candidate of which round, as shared/candidacy.sql reads it.
CREATE VIEW public.candidate_account AS
SELECT vacancy_id, participant_no, round_id, account,
       encode(sha256(convert_to(participant_no || '/' || subject, 'UTF8')), 'hex') AS owner
  FROM public.applications_personal;

-- migrate:down
DROP VIEW public.candidate_account;
ALTER TABLE public.applications_personal DROP COLUMN account;
