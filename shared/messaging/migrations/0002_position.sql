-- migrate:up

-- Where this service stands in what it consumes. It lies outside the projections' schema: a
-- rebuild leaves it as it is.
CREATE TABLE messaging.position (
    topic text NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    -- the first record that has not been taken
    next_offset bigint NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    -- the last number that took effect, of the record at this offset, with this event id
    sequence bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    sequence_offset bigint CHECK (sequence_offset < next_offset),
    sequence_event uuid,
    -- dead letters since the last success: the brake's memory
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    PRIMARY KEY (topic, partition),
    CHECK ((sequence = 0) = (sequence_offset IS NULL)),
    CHECK ((sequence_offset IS NULL) = (sequence_event IS NULL))
) WITH (fillfactor = 50); -- an update for each batch stays on its page
COMMENT ON TABLE messaging.position IS
    'One row for each topic partition consumed, moved in the transaction of the effect. Kafka''s '
    'committed'
    ' offsets follow it and decide nothing';

-- Records that could not take effect. The record travels to the dead-letters topic too; this is
-- what is settled, once.
CREATE TABLE messaging.dead_letter (
    id uuid PRIMARY KEY,                    -- event id of the record on the dead-letters topic
    at timestamptz NOT NULL,
    reason text NOT NULL,                   -- stable code
    detail text NOT NULL,                   -- where it fails; never what it holds
    handler text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    record_timestamp bigint NOT NULL,       -- milliseconds since 1970, as the broker kept it
    sequence bigint,                        -- null: not an event of this platform
    event_id uuid,
    type text,
    key bytea,
    headers text,                           -- as in messaging.outbox
    value bytea,
    settled_at timestamptz,                 -- by a replay; the record's bytes go then
    CHECK (settled_at IS NULL OR (key IS NULL AND headers IS NULL AND value IS NULL))
);
CREATE INDEX dead_letter_place ON messaging.dead_letter (topic, partition, record_offset);
CREATE INDEX dead_letter_open ON messaging.dead_letter (at, id) WHERE settled_at IS NULL;

-- Types that passed without a subscription. A later version that subscribes to one has missed its
-- past: it asks for a rebuild.
CREATE TABLE messaging.unheard_type (
    topic text NOT NULL,
    partition integer NOT NULL,             -- so that no two workers meet on one row
    type text NOT NULL,
    first_offset bigint NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (topic, partition, type)
) WITH (fillfactor = 50);

-- migrate:down

DROP TABLE messaging.unheard_type, messaging.dead_letter, messaging.position;
