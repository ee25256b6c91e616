"""Carries out what a stop names: `terang ignore`, for services that the command doesn't know."""

import re
from uuid import UUID

from aiokafka import TopicPartition

from shared.messaging.ignored import Ignoring, Wanted, ignore, read_ignored
from shared.messaging.log_reader import OffsetRange
from shared.messaging.origins import Origins
from shared.postgres.pool import create_pool
from tests.small_service import NOON

COMMAND = re.compile(r"terang ignore (\S+) (\S+)/(\d+) (\d+) --event-id (\S+) --reason TEXT")


async def carry_out(
    remedy: str, nth: int = 0, *, dsn: str, bootstrap: str, origins: Origins, through: int = 0
) -> Ignoring:
    """Does what the nth `terang ignore` of a remedy says; first as a dry run."""
    _, topic, partition, offset, event = list(COMMAND.finditer(remedy))[nth].groups()
    place = TopicPartition(topic, int(partition))
    offsets = OffsetRange(int(offset), max(int(offset), through) + 1)
    wanted = Wanted(place, offsets, UUID(event), "not ours", "a test", NOON)
    async with await create_pool(dsn, application="test", size=1) as pool:
        done = None
        for dry_run in (True, False):
            async with pool.acquire() as connection:
                before = await read_ignored(connection)
                done = await ignore(
                    connection,
                    wanted,
                    bootstrap_servers=bootstrap,
                    origins=origins,
                    dry_run=dry_run,
                )
                assert (await read_ignored(connection) == before) == dry_run
        assert done is not None
        return done
