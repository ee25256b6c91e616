"""Watches the public topics as another agency would: a plain consumer that knows only what
docs/subscribing.md says.
"""

import asyncio
import json
from collections import Counter

from aiokafka import AIOKafkaConsumer, TopicPartition

TOPICS = ("terang.applications", "terang.exams", "terang.ranking", "terang.feedback")
QUIET_S = 1.5


class Watcher:
    """Counts the events of one round from the moment it is started. Use as an async context."""

    def __init__(self, bootstrap: str, round_id: str) -> None:
        self._bootstrap = bootstrap
        self._round_id = round_id
        self._seen: dict[TopicPartition, int] = {}
        self.events: Counter[str] = Counter()
        self.flags: dict[str, set[str]] = {}

    async def __aenter__(self) -> "Watcher":
        self._consumer = AIOKafkaConsumer(
            *TOPICS,
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        await self._consumer.start()
        await self._consumer.seek_to_end()
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def _watch(self) -> None:
        while True:
            for partition, records in (await self._consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    headers = dict(record.headers)
                    sequence = int(headers["ce_sequence"])
                    if sequence <= self._seen.get(partition, 0):
                        continue  # a repeat on the raw log: it took effect once
                    self._seen[partition] = sequence
                    self._count(
                        headers["ce_type"].decode().removeprefix("terang."),
                        json.loads(record.value),
                    )

    def _count(self, event: str, data: dict[str, str]) -> None:
        if data.get("round_id", self._round_id) != self._round_id:
            return
        self.events[event] += 1
        if event == "UnitFlagged":
            self.flags.setdefault(data["unit_id"], set()).add(data["kind"])
        if event == "UnitCleared":
            self.flags.get(data["unit_id"], set()).discard(data["kind"])

    async def quiet(self, most_s: float = 30) -> None:
        """Wait until nothing new has come for a moment: then the counts stand."""
        count, waited = -1, 0.0
        while count != self.events.total() and waited < most_s:
            if self._task.done():
                self._task.result()
            count = self.events.total()
            await asyncio.sleep(QUIET_S)
            waited += QUIET_S
