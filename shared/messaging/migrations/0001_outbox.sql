-- migrate:up

-- What this service has decided and its relay carries to Kafka. The reasons stand in
-- shared/messaging/README.md.
CREATE SCHEMA messaging;

CREATE TABLE messaging.outbox (
    event_id uuid PRIMARY KEY,
    id bigint GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    key bytea,
    type text NOT NULL,
    headers text NOT NULL,      -- JSON: [[name, value or null], …], a value's bytes as Latin-1
    data bytea,
    created timestamptz NOT NULL DEFAULT now(),
    sequence bigint CHECK (sequence > 0),
    numbered_at timestamptz,
    CHECK ((sequence IS NULL) = (numbered_at IS NULL)),
    UNIQUE (topic, partition, sequence)
);
COMMENT ON TABLE messaging.outbox IS
    'Events appended in the transactions of use cases. Published means:'
    ' sequence <= outbox_partitions.acknowledged';
COMMENT ON COLUMN messaging.outbox.id IS
    'The order of appending. Without an index of its own but for unnumbered rows: each index is'
    ' written when a row is appended and again when it is numbered';
COMMENT ON COLUMN messaging.outbox.partition IS
    'By Kafka''s own partitioner from the key, fixed when appended';
COMMENT ON COLUMN messaging.outbox.sequence IS
    'Dense from 1 in (topic, partition); null until the relay numbers the row, never changed while'
    ' a process of the service runs';

-- The relay's question, many times a second: what has no number yet?
CREATE INDEX outbox_unnumbered ON messaging.outbox (id) WHERE sequence IS NULL;
-- The removal's question: which rows are old enough?
CREATE INDEX outbox_numbered_at ON messaging.outbox USING brin (numbered_at);

CREATE TABLE messaging.outbox_partitions (
    topic text NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    numbered bigint NOT NULL DEFAULT 0,             -- the last number given
    acknowledged bigint NOT NULL DEFAULT 0,         -- the last number that the log is known to hold
    acknowledged_offset bigint,                     -- … at this offset
    acknowledged_event uuid,                        -- … as this event
    PRIMARY KEY (topic, partition),
    CHECK (acknowledged BETWEEN 0 AND numbered),
    CHECK ((acknowledged = 0) = (acknowledged_offset IS NULL)),
    CHECK ((acknowledged_offset IS NULL) = (acknowledged_event IS NULL))
) WITH (fillfactor = 50);                           -- two updates a batch stay on their page
COMMENT ON TABLE messaging.outbox_partitions IS
    'One row for each partition that this service writes: its counter, and how far the log is known'
    ' to hold what was numbered';

-- migrate:down

DROP TABLE messaging.outbox_partitions, messaging.outbox;
DROP SCHEMA messaging;
