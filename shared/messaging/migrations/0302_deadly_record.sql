-- migrate:up

-- A record at which workers of this service ended. It outlives them: the third end stops the next.
CREATE TABLE messaging.deadly_record (
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    deaths integer NOT NULL CHECK (deaths > 0),
    exception text NOT NULL,                    -- its name; never its words, which may quote data
    set_aside boolean NOT NULL DEFAULT false,   -- by an operator: the record is to be passed
    PRIMARY KEY (topic, partition)              -- a partition's next record is one
);

-- migrate:down

DROP TABLE messaging.deadly_record;
