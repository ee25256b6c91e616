"""The tables of facts and standings: the named queries of queries.sql."""

from pathlib import Path

from shared.postgres import queries

SQL = queries.load(Path(__file__).with_name("queries.sql"))
