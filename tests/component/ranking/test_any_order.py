"""Whatever comes first, twice, or at once in two workers: the tables end the same."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from services.ranking.standings.usecases.recompute import lock_vacancies, recompute_vacancies
from shared.contracts.fields import Fact
from shared.messaging.envelope import Event
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import Facts

DERIVED = {
    "round": "round_id",
    "vacancy": "vacancy_id",
    "registration": "vacancy_id",
    "candidate": "vacancy_id, participant_no",
    "applicant_facts": "vacancy_id, participant_no",
    "sitting": "vacancy_id, sitting_id",
    "result": "vacancy_id, participant_no, stage, sitting_id",
    "standing": "vacancy_id, list, participant_no",
    "tally": "vacancy_id, list, gate, score",
}
NEEDS = {"v1": "UMUM", "v2": "CUMLAUDE", "v3": "PAPUA"}


async def tables(app: ServiceApp) -> dict[str, list[tuple[object, ...]]]:
    """What every derived table says; vacancy_lock aside, whose changes count tries."""
    return {
        table: [tuple(row) for row in await app.pool.fetch(f"SELECT * FROM {table} ORDER BY {key}")]
        for table, key in DERIVED.items()
    }


def everything(facts: Facts, chance: random.Random) -> list[Fact]:
    """A round with corrections, absences, disqualifications, changed verifications and withdrawals,
    in the owners' order.
    """
    said: list[Fact] = [*facts.opened()]
    for vacancy in facts.seats:
        people = range(1, 9)
        for candidate in people:
            said += facts.applied(vacancy, candidate, gpa=chance.choice([None, "3.1", "3.9"]))
            said.append(
                facts.rejected(vacancy, candidate)
                if chance.random() < 0.2
                else facts.verified(vacancy, candidate)
            )
            if chance.random() < 0.2:
                said.append(facts.verified(vacancy, candidate))
            if chance.random() < 0.1:
                said.append(facts.withdrawn(vacancy, candidate))
        said += [facts.registered(vacancy, len(people)), facts.scheduled(vacancy, "skd")]
        for candidate in people:
            points = (
                chance.choice([65, 100]),
                chance.choice([80, 90]),
                chance.choice([165, 166, 190]),
            )
            said.append(
                facts.missed(vacancy, "skd", candidate)
                if chance.random() < 0.1
                else facts.skd(vacancy, candidate, *points)
            )
            if chance.random() < 0.3:
                said.append(
                    facts.skd(
                        vacancy, candidate, 100, 100, chance.randint(160, 200), corrected=True
                    )
                )
            if chance.random() < 0.1:
                said.append(facts.disqualified(vacancy, "skd", candidate))
        said.append(facts.closed(vacancy, "skd", len(people)))
    return said


def streams_of(events: list[Event[Any]]) -> list[list[Event[Any]]]:
    """The events by partition: within one the order holds, between them there is none."""
    streams: dict[tuple[str, int], list[Event[Any]]] = defaultdict(list)
    for event in events:
        streams[event.topic, event.partition].append(event)
    return list(streams.values())


def batches(events: list[Event[Any]], chance: random.Random) -> list[list[Event[Any]]]:
    """The partitions read in any order, some records at a time."""
    waiting = [list(stream) for stream in streams_of(events)]
    made = []
    while waiting:
        stream = chance.choice(waiting)
        size = chance.randint(1, 12)
        made.append(stream[:size])
        del stream[:size]
        waiting = [stream for stream in waiting if stream]
    return made


async def test_arrival_order_duplicates_and_interleaving_change_nothing(
    service_app: Callable[..., Awaitable[ServiceApp]],
) -> None:
    """Partitions read in many orders, in batches of any size, with old records handed in again:
    every derived table ends the same.
    """
    facts = Facts({"v1": 1, "v2": 2, "v3": 1}, NEEDS)
    expected = None
    for seed in range(6):
        chance = random.Random(seed)
        app = await service_app("ranking")
        events = [app.event(fact) for fact in everything(facts, random.Random(7))]
        learnt: list[Event[Any]] = []
        for batch in batches(events, chance):
            await app.hear(*batch)
            learnt += batch
            if chance.random() < 0.2:  # a replayed record: long ago, perhaps overtaken
                await app.hear(chance.choice(learnt))
        found = await tables(app)
        assert len(found["standing"]) > 10
        assert expected is None or found == expected
        expected = found


async def test_two_workers_at_once_lose_nothing(
    service_app: Callable[..., Awaitable[ServiceApp]],
) -> None:
    """Each partition read by a task of its own, all at once on real connections: no fact, no
    standing and no count is lost.
    """
    facts = Facts({"v1": 1, "v2": 2, "v3": 1}, NEEDS)
    said = everything(facts, random.Random(7))
    alone = await service_app("ranking")
    await alone.hear(*said)
    crowd = await service_app("ranking")

    async def read(stream: list[Event[Any]]) -> None:
        for start in range(0, len(stream), 3):
            await crowd.hear(*stream[start : start + 3])

    await asyncio.gather(
        *(read(stream) for stream in streams_of([crowd.event(fact) for fact in said]))
    )
    assert await tables(crowd) == await tables(alone)


async def test_the_vacancies_of_several_rounds_are_locked_in_sorted_order(
    ranking: ServiceApp,
) -> None:
    """Round by round, whoever learnt two rounds and whoever learnt something of their vacancies
    waited for each other: a rebuild ended by it.
    """
    facts = Facts({"v1": 1, "v2": 1})
    round_ = facts.round().model_copy(update={"round_id": "another"})
    moved = facts.vacancy("v2").model_copy(update={"round_id": "another"})
    await ranking.hear(facts.vacancy("v1"), moved)
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    async with ranking.pool.acquire() as one, one.transaction():
        await lock_vacancies(one, {"v1": None})
        rounds = asyncio.create_task(ranking.hear(round_, facts.round()))
        while not await ranking.pool.fetchval(waiting):
            await asyncio.sleep(0.02)
        await one.execute("SET LOCAL lock_timeout = '300ms'")
        await lock_vacancies(one, {"v2": None})
    await rounds


async def test_recomputing_everything_changes_nothing(ranking: ServiceApp) -> None:
    """A standing is a function of the facts: written anew from them, each row and each count is as
    it was; the counts equal the rows.
    """
    facts = Facts({"v1": 1, "v2": 2, "v3": 1}, NEEDS)
    await ranking.hear(*everything(facts, random.Random(3)))
    before = await tables(ranking)
    async with ranking.pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM standing; DELETE FROM tally")
        await lock_vacancies(connection, dict.fromkeys(NEEDS))
        await recompute_vacancies(connection, list(NEEDS))
    assert await tables(ranking) == before
    counted = await ranking.pool.fetch(
        "SELECT vacancy_id, list, gate, coalesce(score, 0) AS score, count(*)::integer AS"
        " candidates FROM standing"
        " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )
    assert [tuple(row) for row in counted] == before["tally"]
