"""What ranking keeps in PostgreSQL: the named queries of queries.sql, and the code that calls the
longer of them.
"""

from pathlib import Path

from shared.postgres import queries

SQL = queries.load(Path(__file__).with_name("queries.sql"))
