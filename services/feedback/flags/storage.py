"""The queries of queries.sql, by name; the tables stand in migrations/."""

from pathlib import Path

from pydantic import TypeAdapter

from services.feedback.flags.domain import Norms
from shared.postgres import queries

FLAGS = queries.load(Path(__file__).with_name("queries.sql"))

NORMS = TypeAdapter(Norms)
"""How the province's sums are kept as JSON."""
