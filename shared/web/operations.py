"""What an operator may ask of any service: its rows, its outbox, how far it read each topic."""

from pathlib import Path

from pydantic import BaseModel, Field

from shared.postgres import queries
from shared.postgres.pool import Connection, reading
from shared.web.authentication import Operator
from shared.web.dependencies import ResourcesDependency
from shared.web.problems import problem_responses
from shared.web.routes import APIRouter

SQL = queries.load(Path(__file__).with_name("operations.sql"))

TAG = {"operation": "How the service itself stands, for its operator."}


class PartitionPosition(BaseModel):
    """How far one partition was read."""

    topic: str = Field(description="A topic that the service consumes")
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
    positions: list[PartitionPosition] = Field(
        description="Of each partition consumed, by topic and number"
    )


def router(service: str) -> APIRouter:
    routes = APIRouter(tags=["operation"])

    @routes.get(
        "/operations",
        operation_id="get_operations",
        responses=problem_responses(401, 403),
        summary=f"How {service} stands",
    )
    async def operations(resources: ResourcesDependency, operator: Operator) -> Operations:
        """Exact counts, what waits to be sent, and what could not be taken."""
        async with reading(resources.pool) as connection:
            return await show_operations(connection)

    return routes


async def show_operations(connection: Connection) -> Operations:
    """Counts and positions as they stand now."""
    tables = [table async for table in SQL.tables(connection)]
    return Operations(
        rows={
            # the names come out of pg_tables
            table["name"]: await connection.fetchval(
                f'SELECT count(*) FROM {table["schema"]}."{table["name"]}"'  # noqa: S608
            )
            for table in tables
        },
        outbox_waiting=await SQL.outbox_waiting(connection),
        unsettled_dead_letters=await SQL.unsettled_dead_letters(connection),
        positions=[PartitionPosition(**row) async for row in SQL.positions(connection)],
    )
