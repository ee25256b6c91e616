"""The queries of queries.sql, by name; the tables stand in migrations/."""

from pathlib import Path

from shared.postgres import queries

UNITS = queries.load(Path(__file__).with_name("queries.sql"))
