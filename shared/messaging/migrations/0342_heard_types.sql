-- migrate:up

-- From which offset this service hears a type, partition by partition: kept at the first start of a
-- version that subscribes to it. `counted`: what passed before it was looked for on the log.
CREATE TABLE messaging.heard_type (
    topic text NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    type text NOT NULL,
    from_offset bigint NOT NULL CHECK (from_offset >= 0),
    counted boolean NOT NULL,
    PRIMARY KEY (topic, partition, type)
);

-- migrate:down
DROP TABLE messaging.heard_type;
