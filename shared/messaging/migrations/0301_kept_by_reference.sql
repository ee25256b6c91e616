-- migrate:up

-- Dead letters that are kept by reference: key, headers and value are their beginnings, and the
-- record is read where it stands on its log.
ALTER TABLE messaging.dead_letter
    ADD COLUMN value_sha256 bytea CHECK (octet_length(value_sha256) = 32), -- null: it is whole
    ADD COLUMN key_bytes integer,                                          -- null: no key
    ADD COLUMN value_bytes integer,                                        -- null: a tombstone
    ADD COLUMN header_count integer,
    ADD COLUMN headers_bytes integer,                                      -- with their names
    ADD CHECK ((value_sha256 IS NULL) = (header_count IS NULL)),
    ADD CHECK ((value_sha256 IS NULL) = (headers_bytes IS NULL));

-- migrate:down

ALTER TABLE messaging.dead_letter
    DROP COLUMN value_sha256, DROP COLUMN key_bytes, DROP COLUMN value_bytes,
    DROP COLUMN header_count, DROP COLUMN headers_bytes;
