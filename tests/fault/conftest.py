"""What the fault tests of the consumer share."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from tests.fault.tally import PARTITIONS, ROOT, TABLES, Catalogue, Stage
from tests.servers import Servers


@pytest.fixture
async def stage(servers: Servers) -> AsyncIterator[Stage]:
    """A service of its own for one test: database, topics, log."""
    catalogue = Catalogue(f"tally{uuid4().hex[:8]}")
    database = servers.database("tally", [ROOT / "shared" / "messaging" / "migrations"])
    connection = await asyncpg.connect(database)
    await connection.execute(TABLES)
    await connection.close()
    await servers.fresh_topics(*catalogue.topics, partitions=PARTITIONS)
    stage = Stage(servers, catalogue, database)
    yield stage
    stage.close()
