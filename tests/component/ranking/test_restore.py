"""What `terang recover ranking` takes back in, after its database was restored from a backup."""

from collections.abc import Awaitable, Callable

from services.ranking.standings.usecases.state_standings import state_owed
from shared.contracts.ranking import StandingsRecomputed
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import Facts
from tests.component.restored import back_up, on_the_log, publish, recover, topics_of
from tests.servers import Servers

STATED = "SELECT list, version, digest FROM stated ORDER BY list"


async def state(ranking: ServiceApp) -> None:
    """What is owed is stated."""
    ranking.clock.advance(seconds=5)
    async with ranking.pool.acquire() as connection, connection.transaction():
        await state_owed(connection, ranking.outbox, ranking.clock())


async def test_a_version_of_standings_was_given_twice(
    servers: Servers, ranking: ServiceApp, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """Versions go on above the log's, and what has not changed since is not stated again."""
    await servers.fresh_topics(*topics_of("ranking"))
    facts = Facts({"v1": 1})
    await ranking.hear(facts.round(), facts.vacancy("v1"), *facts.people("v1", 3))
    await state(ranking)
    await publish("ranking", ranking.address, servers.bootstrap)
    backup = await back_up(servers, ranking)
    first = [facts.scheduled("v1", "skd"), facts.skd("v1", 1, 100, 100, 200)]
    events = [ranking.event(fact) for fact in first]
    await ranking.hear(*events)
    await state(ranking)
    await publish("ranking", ranking.address, servers.bootstrap)
    stated = await ranking.pool.fetch(STATED)

    recovered = await recover("ranking", backup, servers.bootstrap, "--yes")
    assert recovered.returncode == 0, recovered.stderr
    again = await service_app("ranking", DATABASE_URL_RANKING=backup)
    assert await again.pool.fetch(STATED) == stated
    again.clock.advance(seconds=60)
    await again.hear(*events)  # they come again: its positions are of the backup, too
    await state(again)
    assert await again.pool.fetch(STATED) == stated
    await again.hear(facts.skd("v1", 2, 100, 100, 210))
    await state(again)
    await publish("ranking", backup, servers.bootstrap)
    versions = [fact.version for fact in await again.stated(StandingsRecomputed)]
    assert len(versions) == len(set(versions)), versions
    assert set((await on_the_log("ranking", servers.bootstrap)).values()) == {1}


async def test_decisions_that_hold_more_than_their_events_are_named(
    servers: Servers, ranking: ServiceApp, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """A list that was closed since the backup: an officer is told to close it again."""
    await servers.fresh_topics(*topics_of("ranking"))
    facts = Facts({"v1": 1})
    await ranking.hear(facts.round(), facts.vacancy("v1"), *facts.people("v1", 1))
    await ranking.hear(facts.registered("v1", 1), facts.scheduled("v1", "skd"))
    await ranking.hear(facts.skd("v1", 1, 100, 100, 200), facts.closed("v1", "skd", 1))
    await state(ranking)
    await publish("ranking", ranking.address, servers.bootstrap)
    backup = await back_up(servers, ranking)
    close = f"/ranking/rounds/{facts.round().round_id}/stages/skd/close"
    closed = await ranking.http.post(close, headers=ranking.who("officer-1", "officer"))
    assert closed.status_code == 200, closed.text
    await publish("ranking", ranking.address, servers.bootstrap)

    recovered = await recover("ranking", backup, servers.bootstrap, "--yes")
    assert recovered.returncode == 0, recovered.stderr
    assert "Closed on the log and open here: list skd of round" in recovered.stdout
    again = await service_app("ranking", DATABASE_URL_RANKING=backup)
    answer = await again.http.post(close, headers=again.who("officer-1", "officer"))
    assert answer.json()["codes"] == closed.json()["codes"]
