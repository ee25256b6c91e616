"""What the oracle judges: every record of the topics, every row that matters, every answer.

It is read by a plain Kafka consumer and plain SQL, and shares no code with the product.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

SERVICES = ("applications", "exams", "ranking", "feedback")
TABLES: dict[str, tuple[str, ...]] = {
    "applications": (
        "public.applications",
        "public.seat_answers",
        "projections.results",
        "projections.closed_lists",
        "projections.seat_offers",
    ),
    "exams": (
        "public.result",
        "public.sitting",
        "projections.round",
        "projections.vacancy",
        "projections.admission",
        "projections.withdrawal",
        "projections.closed_list",
        "projections.candidate_account",
    ),
    "ranking": (
        "public.publication",
        "public.seat_offer",
        "public.closing_version",
        "public.caught_up",
        "projections.vacancy_lock",
        "projections.round",
        "projections.vacancy",
        "projections.registration",
        "projections.candidate",
        "projections.applicant_facts",
        "projections.sitting",
        "projections.result",
        "projections.seat_answer",
    ),
    "feedback": ("public.complaint", "projections.unit"),
}
OF_ALL = ("messaging.outbox", "messaging.outbox_partitions", "messaging.position")
BULKY = frozenset({"data", "headers", "policy", "tree", "proposal", "key", "value"})
"""Columns that say nothing to the oracle and are long."""


@dataclass
class Record:
    """A record as it stands on a topic; text that isn't UTF-8 is kept with escapes."""

    topic: str
    partition: int
    offset: int
    key: str | None
    headers: dict[str, str]
    value: str | None

    @property
    def place(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass
class Evidence:
    """All of a chapter.

    `tables` are rows by `service.schema.table`; `answers` the commands that were answered, with
    their answers; `planted` the places of records that the campaign itself wrote.
    """

    log: list[Record]
    tables: dict[str, list[dict[str, Any]]]
    answers: list[dict[str, Any]]
    planted: list[str] = field(default_factory=list)

    def rows(self, service: str, table: str) -> list[dict[str, Any]]:
        """The rows of `schema.table` in a service's database."""
        return self.tables[f"{service}.{table}"]

    def put_back(self, cut: Iterable[Record]) -> None:
        """Add records that stood at the head of a log before it was removed."""
        there = {record.place for record in self.log}
        self.log = sorted(
            [*self.log, *(record for record in cut if record.place not in there)],
            key=lambda record: (record.topic, record.partition, record.offset),
        )

    def keep(self, file: Path) -> None:
        """Write it, compressed."""
        with gzip.open(file, "wt", encoding="utf-8") as out:
            json.dump(asdict(self), out, default=str)

    @classmethod
    def load(cls, file: Path) -> "Evidence":
        """What `keep` wrote."""
        with gzip.open(file, "rt", encoding="utf-8") as kept:
            said = json.load(kept)
        return cls(
            [Record(**record) for record in said["log"]],
            said["tables"],
            said["answers"],
            said["planted"],
        )


async def gather(
    bootstrap: str, addresses: Mapping[str, str], journal: Path, planted: Iterable[str]
) -> Evidence:
    """Read everything: databases by service, and the answers as JSON lines of `journal`."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for service, address in addresses.items():
        tables |= await _read_tables(service, address)
    lines = journal.read_text("utf-8").splitlines() if journal.exists() else []
    return Evidence(
        await read_topics(bootstrap), tables, [json.loads(line) for line in lines], list(planted)
    )


async def read_topics(bootstrap: str) -> list[Record]:
    """Every record of every topic of the platform that stands there now, partition by partition."""
    places = await _partitions(bootstrap)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        wanted = [place for place in places if ends[place] > starts[place]]
        if not wanted:
            return []
        consumer.assign(wanted)
        await consumer.seek_to_beginning(*wanted)
        found: list[Record] = []
        while any([await consumer.position(place) < ends[place] for place in wanted]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += map(_record, records)
        return found
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str) -> list[TopicPartition]:
    """Every partition of every topic of the platform."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in sorted(await admin.describe_topics(), key=lambda row: str(row["topic"]))
            if topic["topic"].startswith("terang.")
            for partition in topic["partitions"]
        ]
    finally:
        await admin.close()


def _record(record: Any) -> Record:
    return Record(
        record.topic,
        record.partition,
        record.offset,
        _text(record.key),
        {name: _text(value) or "" for name, value in record.headers},
        _text(record.value),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


async def _read_tables(service: str, address: str) -> dict[str, list[dict[str, Any]]]:
    connection = await asyncpg.connect(address)
    try:
        tables = {
            f"{service}.{table}": [
                {name: _plain(value) for name, value in row.items() if name not in BULKY}
                for row in await connection.fetch(f"SELECT * FROM {table}")
            ]
            for table in (*TABLES[service], *OF_ALL, "messaging.dead_letter")
        }
    finally:
        await connection.close()
    return tables


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value)
