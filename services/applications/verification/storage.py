"""What a verifier found proven of an applicant: the queries of verified_facts.sql by name."""

from pathlib import Path

from shared.postgres import queries

FOUND = queries.load(Path(__file__).with_name("queries.sql"))
