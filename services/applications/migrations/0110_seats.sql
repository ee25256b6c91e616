-- migrate:up

-- Seats that ranking offered. Whether the person has one stands in seat_answers.
CREATE TABLE projections.seat_offers (
    offer_id uuid PRIMARY KEY,
    vacancy_id text NOT NULL,                   -- that has the seat
    participant_no text NOT NULL,
    applied_for text NOT NULL,
    round_id text NOT NULL,
    code text NOT NULL,
    offered_at timestamptz NOT NULL,
    UNIQUE (vacancy_id, participant_no)
);
CREATE INDEX seat_offers_person ON projections.seat_offers (applied_for, participant_no);
CREATE INDEX seat_offers_age ON projections.seat_offers (offered_at);

-- What became of a seat that was offered, or that the final list gave. The first answer holds: its
-- row is the lock.
CREATE TABLE public.seat_answers (
    vacancy_id text NOT NULL,                   -- that has the seat
    participant_no text NOT NULL,
    offer_id uuid,                              -- null: the final list's own, given up
    answer text NOT NULL CHECK (answer IN ('accepted', 'declined', 'lapsed')),
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (vacancy_id, participant_no)
);

-- migrate:down
DROP TABLE public.seat_answers, projections.seat_offers;
