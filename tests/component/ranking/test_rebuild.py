"""Derived tables made anew from the log, and decisions meanwhile."""

from itertools import groupby
from typing import Any

from services.ranking.subscriptions import subscriptions
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.envelope import Event
from shared.messaging.rebuild import clone
from shared.postgres.pool import create_pool
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_any_order import DERIVED
from tests.servers import owner_address

SKD = f"/ranking/rounds/{ROUND}/stages/skd/close"


async def test_a_rebuild_from_the_events_gives_the_same_tables(ranking: ServiceApp) -> None:
    """All events of a round whose first list is closed, applied again, give the same tables.

    Each derived table in projections_next equals the live one.
    """
    facts = Facts({"v1": 1, "v2": 1})
    before = [*facts.opened(), *facts.people("v1", 5), *facts.people("v2", 2)]
    for vacancy, count in (("v1", 5), ("v2", 2)):
        before += [facts.scheduled(vacancy, "skd"), facts.closed(vacancy, "skd", count)]
        before += [
            facts.skd(vacancy, candidate, 100, 100, 170 + candidate)
            for candidate in range(1, count + 1)
        ]
    after = [facts.skb("v1", candidate, f"8{candidate}.5") for candidate in (3, 4, 5)]
    after.append(facts.skb("v1", 4, "91.5", corrected=True))
    first = [ranking.event(fact) for fact in before]
    await ranking.hear(*first)
    assert (await ranking.http.post(SKD, headers=ranking.who("o", "officer"))).status_code == 200
    second = [ranking.event(fact) for fact in after]
    await ranking.hear(*second)

    use_cases = {
        subscription.contract.type: subscription.take
        for subscription in subscriptions(ranking.outbox)
    }
    events: list[Event[Any]] = [*second, *first]  # another order: partitions have none between them
    url = owner_address(ranking.app.state.resources.settings.database_url)
    async with (
        await create_pool(url, application="rebuild", size=1) as pool,
        pool.acquire() as connection,
    ):
        await clone(connection)
        async with connection.transaction():
            await connection.execute("SET LOCAL search_path = projections_next, public")
            for type_, alike in groupby(events, key=lambda event: event.type):
                await use_cases[type_](connection, list(alike))
        for table, key in {**DERIVED, "correction": "vacancy_id, participant_no, event_id"}.items():
            live = await connection.fetch(f"SELECT * FROM projections.{table} ORDER BY {key}")
            anew = await connection.fetch(f"SELECT * FROM projections_next.{table} ORDER BY {key}")
            assert [tuple(row) for row in anew] == [tuple(row) for row in live], table
            assert live, table


async def test_nothing_is_decided_during_a_rebuild(ranking: ServiceApp) -> None:
    """While a rebuild runs a decision is refused; it is taken once the rebuild is over.

    The rebuild would not see it.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1), facts.scheduled("v1", "skd"))
    await ranking.hear(facts.skd("v1", 1, 100, 100, 200), facts.closed("v1", "skd", 1))
    officer = ranking.who("officer-1", "officer")
    async with ranking.pool.acquire() as rebuilding:
        await rebuilding.execute("SELECT pg_advisory_lock($1)", REPLAYING)
        refused = await ranking.http.post(SKD, headers=officer)
        await rebuilding.execute("SELECT pg_advisory_unlock($1)", REPLAYING)
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/ranking/rebuilding")
    assert (await ranking.http.post(SKD, headers=officer)).status_code == 200
