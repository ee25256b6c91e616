"""Seats that were offered, and the answers: the queries of seats.sql by name."""

from pathlib import Path

from shared.postgres import queries

SEATS = queries.load(Path(__file__).with_name("queries.sql"))
