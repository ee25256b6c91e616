"""Projections made anew from a real log: equal to the living ones, at exactly their position, with nothing stated twice."""

import asyncio

import pytest

from shared.messaging.dispatch import Hears
from shared.messaging.outbox import Outbox
from shared.messaging.rebuild import Rebuilt, RefusedError, rebuild
from shared.postgres.pool import create_pool
from tests.fault.tally import UNLUCKY, Added, Renamed, Stage, exactly_once

SHAPE = """
SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'projections'::regnamespace AND relkind IN ('r', 'i')
UNION SELECT conname, contype::text FROM pg_constraint WHERE connamespace = 'projections'::regnamespace
ORDER BY 1, 2
"""


async def make_anew(stage: Stage, **changed: object) -> Rebuilt:
    pool = await create_pool(stage.database, application="rebuild", size=2)
    try:
        return await rebuild(
            service=stage.catalogue.service,
            pool=pool,
            outbox=stage.catalogue.outbox(),
            hears=changed.get("hears", stage.catalogue.hears),  # type: ignore[arg-type]
            bootstrap_servers=stage.servers.bootstrap,
            marks=changed.get("marks", ()),  # type: ignore[arg-type]
        )
    finally:
        await pool.close()


async def test_equal_beside_a_worker_that_goes_on(stage: Stage) -> None:
    """While the worker takes events, a rebuild ends with the same sums and names, the same shape, and nothing stated again; the worker goes on."""
    facts = [
        Added(key=f"key-{i % 7}", n=i) if i % 3 else Renamed(key=f"key-{i % 5}", name=f"name-{i}") for i in range(300)
    ]
    await stage.log.say(facts)
    stage.worker()
    await stage.drained()
    shape = await stage.fetch(SHAPE)
    await stage.fetch_script(
        "UPDATE projections.tally SET total = -1, name = 'spoilt'; DELETE FROM projections.effect WHERE place % 2 = 0"
    )
    writing = asyncio.create_task(stage.log.add(300))
    rebuilt = await make_anew(stage)
    await writing
    await stage.log.add(50)
    exactly_once(stage.log.sent, await stage.drained())
    assert rebuilt.events >= 300
    sums: dict[str, int] = {}
    names: dict[str, str] = {}
    for fact in [
        *facts,
        *(Added(key=f"key-{i % 10}", n=1) for i in range(300)),
        *(Added(key=f"key-{i % 10}", n=1) for i in range(50)),
    ]:
        sums[fact.key] = sums.get(fact.key, 0) + (fact.n if isinstance(fact, Added) else 0)
        if isinstance(fact, Renamed):
            names[fact.key] = fact.name
    rows = await stage.fetch("SELECT * FROM projections.tally")
    assert {row["key"]: (row["total"], row["name"]) for row in rows} == {
        key: (sums[key], names.get(key)) for key in sums
    }
    assert await stage.fetch(SHAPE) == shape
    (stated,) = await stage.fetch("SELECT count(*) FROM messaging.outbox")
    assert stated["count"] == 100
    assert not await stage.fetch("SELECT FROM pg_namespace WHERE nspname IN ('projections_next', 'projections_old')")


async def test_dead_letters_count_only_if_settled(stage: Stage) -> None:
    """An event that was set aside takes no effect in a rebuild until its dead letter is settled; then it does."""
    await stage.log.say([Added(key="a", n=1), Added(key="a", n=UNLUCKY), Added(key="a", n=1)])
    stage.worker()
    await stage.drained(effects=2)
    mended = stage.catalogue.hears

    def lucky(outbox: Outbox) -> list[Hears]:
        async def add(connection, events) -> None:  # type: ignore[no-untyped-def]
            for event in events:
                await connection.execute(
                    "INSERT INTO tally VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET total = tally.total + excluded.total",
                    event.data.key,
                    event.data.n,
                )

        return [Hears(stage.catalogue.added, add), *mended(outbox)[1:]]

    await make_anew(stage, hears=lucky)
    assert (await stage.fetch("SELECT total FROM projections.tally"))[0]["total"] == 2
    await stage.fetch_script(
        "UPDATE messaging.dead_letter SET settled_at = now(), key = NULL, headers = NULL, value = NULL"
    )
    await make_anew(stage, hears=lucky)
    assert (await stage.fetch("SELECT total FROM projections.tally"))[0]["total"] == 2 + UNLUCKY


async def test_refused_when_the_log_has_lost_its_beginning(stage: Stage) -> None:
    """A log that no longer begins at its start can't fill the projections; they stay as they are."""
    await stage.log.add(30)
    stage.worker()
    effects = await stage.drained()
    await stage.cut(stage.catalogue.added.topic, before=2)
    with pytest.raises(RefusedError, match="no longer begin at offset 0"):
        await make_anew(stage)
    assert await stage.effects() == effects


async def test_refused_when_decisions_would_be_made_again(stage: Stage) -> None:
    """A use case that writes outside the projections would decide a second time: the rebuild says which table, and changes nothing."""
    await stage.fetch_script("CREATE TABLE public.decision (key text)")
    await stage.log.add(10)
    stage.worker()
    effects = await stage.drained()

    def deciding(outbox: Outbox) -> list[Hears]:
        async def add(connection, events) -> None:  # type: ignore[no-untyped-def]
            await connection.execute("INSERT INTO decision VALUES ('again')")

        return [Hears(stage.catalogue.added, add), *stage.catalogue.hears(outbox)[1:]]

    with pytest.raises(RefusedError, match=r"public\.decision"):
        await make_anew(stage, hears=deciding)
    assert await stage.effects() == effects
    assert not await stage.fetch("SELECT FROM public.decision")
    assert (await make_anew(stage, hears=deciding, marks=["public.decision"])).events == 10  # a mark may be set again
