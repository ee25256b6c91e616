-- migrate:up

-- Records that a person had ignored: forged ones, which this service must pass over wherever it
-- reads the log. Each service keeps its own: what says on a topic that a record is void could be
-- forged itself.
CREATE TABLE messaging.ignored_record (
    topic text NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    record_offset bigint NOT NULL CHECK (record_offset >= 0),
    event_id uuid NOT NULL,                 -- ignored only while this event stands there
    sequence bigint NOT NULL CHECK (sequence > 0),
    reason text NOT NULL CHECK (reason <> ''),
    who text NOT NULL CHECK (who <> ''),
    at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, record_offset)
);

-- migrate:down

DROP TABLE messaging.ignored_record;
