"""Published lists as they are kept: the named queries of publication.sql."""

from pathlib import Path

from shared.postgres import queries

PUBLICATION = queries.load(Path(__file__).with_name("publication.sql"))
