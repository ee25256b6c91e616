"""A chain of events is walked on the public topics, from what it led to back to a request."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.client import Client
from deploy.local.state import StackStatus
from shared.contracts.catalogue import TOPICS
from tests.e2e.small_round import SmallRound

pytestmark = pytest.mark.timeout(300)
PLACES = [
    TopicPartition(topic.name, partition)
    for topic in TOPICS
    if topic.audience == "public"
    for partition in range(topic.partitions)
]

Events = dict[str, dict[str, Any]]


async def public_events(bootstrap: str) -> Events:
    """Every event that stands on a public topic now: headers and data, by event id."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(PLACES)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(PLACES)
        found: Events = {}
        while any([await consumer.position(place) < ends[place] for place in PLACES]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    headers = {name: value.decode() for name, value in record.headers}
                    found[headers["ce_id"]] = headers | {"data": json.loads(record.value)}
        return found
    finally:
        await consumer.stop()


async def stated(bootstrap: str, small: SmallRound, type_: str, **data: Any) -> tuple[Events, str]:
    """All public events, and the id of the one of this type that says this of the vacancy."""
    wanted = {"vacancy_id": small.vacancy_id} | data
    while True:
        events = await public_events(bootstrap)
        for id_, event in events.items():
            if event["ce_type"] == f"terang.{type_}" and wanted.items() <= event["data"].items():
                return events, id_
        await asyncio.sleep(0.5)


def chain(events: Events, id_: str) -> tuple[list[str], str]:
    """The types from this event back to the first, and the id of what led to that one."""
    types = []
    while id_ in events:
        types.append(events[id_]["ce_type"].removeprefix("terang."))
        id_ = events[id_]["ce_causationid"]
    return types, id_


async def test_a_list_leads_back_to_the_request_that_changed_it(
    client: Client, stack: StackStatus
) -> None:
    """Standings name the score that changed them, and the score the request that recorded it.

    The request's id is no event's; the score has it as its correlation id too.
    """
    bootstrap = stack.kafka.bootstrap
    small = await SmallRound.open(client, "national-cpns-2024", "KECAMATAN WALANTAKA")
    await small.apply("ani")
    sitting = await small.schedule("skd")
    events, verified = await stated(bootstrap, small, "ApplicationVerified")
    types, request = chain(events, verified)
    assert (types, request) == (["ApplicationVerified"], events[verified]["ce_correlationid"])
    await small.score(sitting, "ani", {"TWK": "100", "TIU": "120", "TKP": "180"})
    events, standings = await stated(bootstrap, small, "StandingsRecomputed", codes={"P/L": 1})
    types, request = chain(events, standings)
    assert types == ["StandingsRecomputed", "ExamScored"]
    assert UUID(request).version == 4
    scored = events[standings]["ce_causationid"]
    assert events[scored]["ce_correlationid"] == request
