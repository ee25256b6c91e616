"""Where proposals are kept: the table `proposal` of the service's own database."""

from pathlib import Path

from shared.postgres import queries

PROPOSALS = queries.load(Path(__file__).with_name("queries.sql"))
