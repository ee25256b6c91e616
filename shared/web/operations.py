"""What an operator may ask of any service: how many rows stand where, what waits in the outbox, how
far each topic was read.
"""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from shared.postgres.pool import reading
from shared.web.identity import Operator
from shared.web.parts import TheParts
from shared.web.problems import declared

TABLES = """
SELECT schemaname AS schema, tablename AS name FROM pg_tables
WHERE schemaname IN ('public', 'projections') AND tablename <> 'schema_migrations' ORDER BY schemaname, tablename
"""
OUTBOX_WAITING = """
SELECT (SELECT count(*) FROM messaging.outbox WHERE sequence IS NULL)
     + (SELECT coalesce(sum(numbered - acknowledged), 0) FROM messaging.outbox_partitions)
"""
POSITIONS = "SELECT topic, partition, next_offset, sequence FROM messaging.position ORDER BY topic, partition"
DEAD_LETTERS = "SELECT count(*) FROM messaging.dead_letter WHERE settled_at IS NULL"


class Position(BaseModel):
    """How far one partition was read."""

    topic: str = Field(description="A topic that the service hears")
    partition: int = Field(description="Its partition, from 0")
    next_offset: int = Field(description="Offset of the next record to read")
    sequence: int = Field(description="Sequence of the last event that took effect")


class Operations(BaseModel):
    """A service as its operator sees it."""

    rows: dict[str, int] = Field(description="Exact count of rows by table")
    outbox_waiting: int = Field(description="Events stated that are not yet on Kafka")
    unsettled_dead_letters: int = Field(
        description="Records that could not be taken and wait for someone"
    )
    positions: list[Position] = Field(description="Of each partition heard, by topic and number")


def router(service: str) -> APIRouter:
    routes = APIRouter(tags=["operation"])

    @routes.get("/operations", responses=declared(401, 403), summary=f"How {service} stands")
    async def operations(parts: TheParts, operator: Operator) -> Operations:
        async with reading(parts.pool) as connection:
            tables = await connection.fetch(TABLES)
            rows = {
                table["name"]: await connection.fetchval(
                    f'SELECT count(*) FROM {table["schema"]}."{table["name"]}"'  # noqa: S608 - names out of the catalogue
                )
                for table in tables
            }
            return Operations(
                rows=rows,
                outbox_waiting=await connection.fetchval(OUTBOX_WAITING),
                unsettled_dead_letters=await connection.fetchval(DEAD_LETTERS),
                positions=[Position(**row) for row in await connection.fetch(POSITIONS)],
            )

    return routes
