"""Queries of what became of an application; the tables stand in migrations/."""

from pathlib import Path

from shared.postgres import queries

STATUS = queries.load(Path(__file__).with_name("queries.sql"))
