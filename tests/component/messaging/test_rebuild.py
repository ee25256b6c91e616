"""Projections rebuilt from a real log: equal to the live ones, at exactly their position.

Nothing is stated twice.
"""

import asyncio
from typing import Any

import psutil
import pytest

from shared.messaging.outbox import Outbox
from shared.messaging.rebuild import Rebuilt, rebuild
from shared.messaging.rebuild_share import Projections, RefusedError
from shared.messaging.subscription import Subscription
from shared.postgres.pool import create_pool
from tests.fault.tally import UNLUCKY, Added, Child, Renamed, Stage, exactly_once
from tests.servers import owner_address

SHAPE = """
SELECT relname, relkind::text FROM pg_class
 WHERE relnamespace = 'projections'::regnamespace AND relkind IN ('r', 'i')
UNION
SELECT conname, contype::text FROM pg_constraint
 WHERE connamespace = 'projections'::regnamespace
ORDER BY 1, 2
"""


def anew(stage: Stage, **changed: Any) -> Projections:
    """What is rebuilt of the stage's service; `changed` says what else than its worker says."""
    return Projections(
        service=stage.catalogue.service,
        connect=lambda: create_pool(owner_address(stage.database), application="rebuild", size=2),
        outbox=stage.catalogue.outbox(),
        origins=stage.catalogue.origins(),
        subscriptions=changed.get("subscriptions", stage.catalogue.subscriptions),
        bootstrap_servers=stage.servers.bootstrap,
        marks=changed.get("marks", ()),
    )


async def make_anew(stage: Stage, **changed: object) -> Rebuilt:
    return await rebuild(anew(stage, **changed))


async def test_equal_beside_a_worker_that_goes_on(stage: Stage) -> None:
    """A rebuild while the worker takes events ends with the same sums, names and shape.

    Nothing is stated again, and the worker goes on.
    """
    facts = [
        Added(key=f"key-{i % 7}", n=i) if i % 3 else Renamed(key=f"key-{i % 5}", name=f"name-{i}")
        for i in range(300)
    ]
    await stage.log.say(facts)
    stage.worker()
    await stage.drained()
    shape = await stage.fetch(SHAPE)
    await stage.fetch_script(
        "UPDATE projections.tally SET total = -1, name = 'spoilt'; DELETE FROM projections.effect"
        " WHERE place % 2 = 0"
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
    assert not await stage.fetch(
        "SELECT FROM pg_namespace WHERE nspname IN ('projections_next', 'projections_old')"
    )


async def test_dead_letters_count_only_if_settled(stage: Stage) -> None:
    """An event that was rejected takes no effect in a rebuild until its dead letter is settled.

    Then it does.
    """
    await stage.log.say([Added(key="a", n=1), Added(key="a", n=UNLUCKY), Added(key="a", n=1)])
    stage.worker()
    await stage.drained(effects=2)
    subscriptions_before = stage.catalogue.subscriptions

    def lucky(outbox: Outbox) -> list[Subscription]:
        async def add(connection, events) -> None:  # type: ignore[no-untyped-def]
            for event in events:
                await connection.execute(
                    "INSERT INTO tally VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET total ="
                    " tally.total + excluded.total",
                    event.data.key,
                    event.data.n,
                )

        return [Subscription(stage.catalogue.added, add), *subscriptions_before(outbox)[1:]]

    await make_anew(stage, subscriptions=lucky)
    assert (await stage.fetch("SELECT total FROM projections.tally"))[0]["total"] == 2
    await stage.fetch_script(
        "UPDATE messaging.dead_letter SET settled_at = now(), key = NULL, headers = NULL, value ="
        " NULL"
    )
    await make_anew(stage, subscriptions=lucky)
    assert (await stage.fetch("SELECT total FROM projections.tally"))[0]["total"] == 2 + UNLUCKY


async def test_refused_when_the_log_has_lost_its_beginning(stage: Stage) -> None:
    """A log that no longer begins at its start can't fill the projections; they stay."""
    await stage.log.add(30)
    stage.worker()
    effects = await stage.drained()
    await stage.cut(stage.catalogue.added.topic, before=2)
    with pytest.raises(RefusedError, match="no longer begin at offset 0"):
        await make_anew(stage)
    assert await stage.effects() == effects


async def test_refused_when_decisions_would_be_made_again(stage: Stage) -> None:
    """A use case that writes outside the projections would decide a second time.

    The rebuild says which table, and changes nothing.
    """
    await stage.fetch_script("CREATE TABLE public.decision (key text)")
    await stage.log.add(10)
    stage.worker()
    effects = await stage.drained()

    def deciding(outbox: Outbox) -> list[Subscription]:
        async def add(connection, events) -> None:  # type: ignore[no-untyped-def]
            await connection.execute("INSERT INTO decision VALUES ('again')")

        return [
            Subscription(stage.catalogue.added, add),
            *stage.catalogue.subscriptions(outbox)[1:],
        ]

    with pytest.raises(RefusedError, match=r"public\.decision"):
        await make_anew(stage, subscriptions=deciding)
    assert await stage.effects() == effects
    assert not await stage.fetch("SELECT FROM public.decision")
    assert (
        await make_anew(stage, subscriptions=deciding, marks=["public.decision"])
    ).events == 10  # a mark may be set again


async def test_helpers_take_their_share(stage: Stage) -> None:
    """Three processes rebuild side by side, partition by partition.

    Each event takes effect once, in its order, and the sums are as the worker's.
    """
    await stage.log.add(4_000, keys=40)
    stage.worker()
    await stage.drained()
    live = await stage.fetch("SELECT * FROM projections.tally ORDER BY key")
    rebuilding = stage.rebuild(helpers=2)
    assert await rebuilding.ended() == 0, rebuilding.output()
    assert rebuilding.output().split() == ["4000"]
    exactly_once(stage.log.sent, await stage.effects())
    assert await stage.fetch("SELECT * FROM projections.tally ORDER BY key") == live


async def in_the_middle(stage: Stage) -> Child:
    """A rebuild with one helper, both of which are in the middle of a batch."""
    await stage.log.add(200, keys=40)
    stage.worker()
    await stage.drained()
    rebuilding = stage.rebuild(helpers=1, environment={"TALLY_SLOW": "2"})
    query = (
        "SELECT FROM pg_stat_activity WHERE application_name = 'rebuild' AND state = 'idle in"
        " transaction'"
        " AND query LIKE 'SET LOCAL search_path%'"
    )
    async with asyncio.timeout(30):
        while len(await stage.fetch(query)) < 2:
            await asyncio.sleep(0.02)
    return rebuilding


async def test_a_helper_dies(stage: Stage) -> None:
    """A rebuild whose helper is killed ends with a sentence, and has changed nothing.

    The next one does its work.
    """
    rebuilding = await in_the_middle(stage)
    live = await stage.effects()
    (helper,) = psutil.Process(rebuilding.process.pid).children()
    helper.kill()
    assert await rebuilding.ended() == 1
    assert "a process that took its share has ended" in rebuilding.output()
    assert await stage.effects() == live
    assert not await stage.fetch("SELECT FROM pg_namespace WHERE nspname = 'projections_next'")
    assert (await make_anew(stage)).events == 200


async def test_a_helper_is_left_alone(stage: Stage) -> None:
    """A helper whose rebuild is killed ends by itself.

    What it still writes does not get into the next rebuild.
    """
    rebuilding = await in_the_middle(stage)
    (helper,) = psutil.Process(rebuilding.process.pid).children()
    rebuilding.kill()
    assert (await make_anew(stage)).events == 200
    exactly_once(stage.log.sent, await stage.effects())
    await asyncio.to_thread(helper.wait, 30)
    exactly_once(stage.log.sent, await stage.effects())
