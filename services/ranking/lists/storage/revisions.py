"""What came after a list was fixed: the named queries of revisions.sql."""

from pathlib import Path

from shared.postgres import queries

REVISIONS = queries.load(Path(__file__).with_name("revisions.sql"))
