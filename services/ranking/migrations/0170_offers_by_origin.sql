-- migrate:up

-- Whom of a vacancy's list were offered seats elsewhere: asked by everyone who looks at its seats.
CREATE INDEX seat_offer_applied_for ON public.seat_offer (applied_for);

-- migrate:down
DROP INDEX public.seat_offer_applied_for;
