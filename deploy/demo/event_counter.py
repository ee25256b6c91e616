"""Counts events on the public topics as another agency would.

A plain consumer that knows only what docs/subscribing.md says.
"""

import asyncio
import json
from collections import Counter

from aiokafka import AIOKafkaConsumer, TopicPartition

TOPICS = ("terang.applications", "terang.exams", "terang.ranking", "terang.feedback")
QUIET_S = 1.5
"""Events that follow from others come sooner than this."""


class EventCounter:
    """The events of one round by type, from the moment it starts. Use as an async context."""

    def __init__(self, bootstrap: str, province: str, round_id: str) -> None:
        self._bootstrap = bootstrap
        self._sources = {
            topic: f"/provinces/{province}/{topic.removeprefix('terang.')}".encode()
            for topic in TOPICS
        }
        self._round_id = round_id
        self._sequences: dict[TopicPartition, int] = {}
        self.events: Counter[str] = Counter()

    async def __aenter__(self) -> "EventCounter":
        self._consumer = AIOKafkaConsumer(
            *TOPICS,
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        await self._consumer.start()
        await self._consumer.seek_to_end()
        self._task = asyncio.create_task(self._count())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def _count(self) -> None:
        while True:
            for partition, records in (await self._consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    headers = dict(record.headers)
                    if headers.get("ce_source") != self._sources[record.topic]:
                        continue  # foreign
                    sequence = int(headers["ce_sequence"])
                    if sequence <= self._sequences.get(partition, 0):
                        continue  # a repeat on the raw log: it took effect once
                    self._sequences[partition] = sequence
                    if json.loads(record.value).get("round_id", self._round_id) == self._round_id:
                        self.events[headers["ce_type"].decode().removeprefix("terang.")] += 1

    async def quiet(self, most_s: float = 30) -> None:
        """Wait until nothing new has come for a moment: then the counts stand."""
        count, waited = -1, 0.0
        while count != self.events.total() and waited < most_s:
            if self._task.done():
                self._task.result()
            count = self.events.total()
            await asyncio.sleep(QUIET_S)
            waited += QUIET_S
