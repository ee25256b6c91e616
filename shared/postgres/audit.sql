-- name: record_decision(at, subject, roles, action, objects, reason)!
-- Writes one line of the trail for each object of a decision.
INSERT INTO public.audit (at, subject, roles, action, object, reason)
SELECT :at, :subject, :roles, :action, object, :reason
FROM unnest(:objects::text[]) AS object;
