"""The service's queries, by name; the tables stand in migrations/."""

from pathlib import Path

from shared.postgres import queries

SQL = queries.load(Path(__file__).with_name("queries.sql"))
