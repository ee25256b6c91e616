-- name: add(proposal_id, kind, object, command, by, at, expires_at)$
-- A new proposal; nothing where one of this kind is open about the same thing.
INSERT INTO public.proposal (proposal_id, kind, object, command, proposed_by, proposed_at,
                             expires_at)
VALUES (:proposal_id, :kind, :object, :command, :by, :at, :expires_at)
ON CONFLICT (kind, object) WHERE status = 'open' DO NOTHING
RETURNING true;

-- name: close_expired(kind, object, at, because)!
-- The open proposal about this thing whose time is over, if there is one, is closed.
UPDATE public.proposal SET status = 'outdated', closed_at = :at, because = :because
WHERE kind = :kind AND object = :object AND status = 'open' AND expires_at <= :at;

-- name: close_open(because)
-- All open proposals are closed with nothing decided; returns what they were about.
UPDATE public.proposal SET status = 'outdated', closed_at = now(), because = :because
WHERE status = 'open'
RETURNING proposal_id, kind, object, proposed_by;

-- name: open_about(kind, object)$
-- The id of the open proposal about this thing.
SELECT proposal_id FROM public.proposal
WHERE kind = :kind AND object = :object AND status = 'open';

-- name: lock(proposal_id)^
-- One proposal, held until the transaction ends.
SELECT proposal_id, kind, object, command, proposed_by, proposed_at, expires_at, status, closed_by,
       closed_at, because, outcome
FROM public.proposal
WHERE proposal_id = :proposal_id
FOR UPDATE;

-- name: proposal(proposal_id)^
-- One proposal.
SELECT proposal_id, kind, object, command, proposed_by, proposed_at, expires_at, status, closed_by,
       closed_at, because, outcome
FROM public.proposal
WHERE proposal_id = :proposal_id;

-- name: close(proposal_id, status, by, at, because, outcome)!
-- The proposal is closed, for good.
UPDATE public.proposal
SET status = :status, closed_by = :by, closed_at = :at, because = :because, outcome = :outcome
WHERE proposal_id = :proposal_id;

-- name: proposals(status, at, after, most)
-- A page of the proposals in one status, in the order in which they were made (their ids grow with
-- time); those whose time is over are not open.
SELECT proposal_id, kind, object, command, proposed_by, proposed_at, expires_at, status, closed_by,
       closed_at, because, outcome
FROM public.proposal
WHERE status = :status AND (status <> 'open' OR expires_at > :at)
  AND (:after::uuid IS NULL OR proposal_id > :after)
ORDER BY proposal_id
LIMIT :most;
