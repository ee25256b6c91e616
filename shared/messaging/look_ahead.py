"""Follows a run of records that can't take effect beyond what a worker has read."""

import asyncio
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer

from shared.messaging.brake import Brake, Outcome
from shared.messaging.failures import is_infrastructure
from shared.messaging.log_reader import offset_ranges, open_reader
from shared.messaging.origins import RecordReader
from shared.messaging.plan import validate
from shared.messaging.subscription import Subscription

SECONDS = 20.0
"""How long a run is followed. A million small records take some ten seconds."""

FETCH_BYTES = 4_000_000
"""Bytes read at once."""


async def look_ahead(
    bootstrap_servers: str,
    brake: Brake,
    records: RecordReader,
    subscriptions: Mapping[str, Subscription],
) -> Brake:
    """The run up to the first sound event, or as far as the time or Kafka allow.

    Use cases are not asked: an event that one of them refuses counts as sound.
    """
    deadline = time.monotonic() + SECONDS
    try:
        async with (
            asyncio.timeout(2 * SECONDS),
            open_reader(bootstrap_servers, fetch_bytes=FETCH_BYTES) as reader,
        ):
            end = (await offset_ranges(reader, [brake.partition]))[brake.partition].end
            reader.assign([brake.partition])
            reader.seek(brake.partition, brake.looked_to)
            while not brake.ended and brake.looked_to < end and time.monotonic() < deadline:
                brake = brake.followed(await _next(reader, records, subscriptions))
    except Exception as error:
        if not is_infrastructure(error):
            raise
    return brake


async def _next(
    reader: AIOKafkaConsumer, records: RecordReader, subscriptions: Mapping[str, Subscription]
) -> list[Outcome]:
    """What the next records of the one partition that is read come to."""
    fetched = await reader.getmany(timeout_ms=1000, max_records=5000)
    batch = [records.read(record) for found in fetched.values() for record in found]
    validated = validate(batch, subscriptions)
    return [(record.identity.offset, record.fault or validated.get(id(record))) for record in batch]
