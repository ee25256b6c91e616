"""StandingsRecomputed: owed by a mark, told in figures, never the whole list, never too often,
never forgotten.
"""

import random
from hashlib import sha256

from services.ranking.standings.usecases.state_standings import state_owed
from shared.contracts.ranking import StandingsRecomputed
from shared.messaging.outbox import headers_from_text
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts


async def state(ranking: ServiceApp) -> list[StandingsRecomputed]:
    """The worker's duty, once: what it states."""
    before = len(await ranking.stated(StandingsRecomputed))
    async with ranking.pool.acquire() as connection, connection.transaction():
        await state_owed(connection, ranking.outbox, ranking.clock())
    return (await ranking.stated(StandingsRecomputed))[before:]


async def test_the_figures_and_the_digest(ranking: ServiceApp) -> None:
    """Counts by code, the cut line, the first ten lines, and the digest of the whole list as anyone
    can recompute it from the API.
    """
    facts = Facts({"v1": 4})
    await ranking.hear(*facts.opened(), *facts.people("v1", 30))
    await ranking.hear(
        *(facts.skd("v1", candidate, 100, 100, 166 + candidate // 2) for candidate in range(1, 28))
    )
    await ranking.hear(facts.missed("v1", "skd", 28), facts.skd("v1", 29, 0, 0, 0))
    [stated] = await state(ranking)
    lines = (await ranking.http.get("/ranking/vacancies/v1/standings?limit=100")).json()["items"]
    text = "".join(
        f"{line['participant_no']},{line['rank'] or ''},{line['score'] or ''},{line['code']}\n"
        for line in sorted(lines, key=lambda line: line["participant_no"])
    )
    assert stated.digest == sha256(text.encode()).hexdigest()
    assert (stated.list, stated.version, stated.candidates) == ("skd", 1, 30)
    assert stated.codes == {"P": 15, "P/L": 12, "TH": 1, "TL": 1, "WAIT": 1}
    assert (stated.cut.limit, stated.cut.within, str(stated.cut.score)) == (12, 12, "374")
    assert [(line.rank, line.participant_no, str(line.score)) for line in stated.first] == [
        (line["rank"], line["participant_no"], line["score"]) for line in lines[:10]
    ]


async def test_standings_name_the_event_that_changed_them(ranking: ServiceApp) -> None:
    """The last that changed the vacancy; a chain is walked by it."""
    facts = Facts({"v1": 1, "v2": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 2), *facts.people("v2", 1))
    scores = [ranking.event(facts.skd("v1", n, 100, 100, 200)) for n in (1, 2)]
    await ranking.hear(*scores)
    await state(ranking)
    headers = await ranking.pool.fetchval(
        "SELECT headers FROM messaging.outbox WHERE type = 'terang.StandingsRecomputed'"
        " AND convert_from(key, 'UTF8') = 'v1'"
    )
    named = dict(headers_from_text(headers))["ce_causationid"]
    assert named == str(scores[-1].id).encode()


async def test_at_most_one_a_second_and_one_after_the_last_change(ranking: ServiceApp) -> None:
    """A burst costs one statement a second for a vacancy; the mark outlives whoever looks, so the
    last change is always told.
    """
    facts = Facts({"v1": 1, "v2": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 3), *facts.people("v2", 1))
    assert [(one.vacancy_id, one.version) for one in await state(ranking)] == [("v1", 1), ("v2", 1)]
    for candidate in (1, 2):
        await ranking.hear(facts.skd("v1", candidate, 100, 100, 200))
        ranking.clock.advance(seconds=0.3)
        assert await state(ranking) == []
    await ranking.hear(facts.skd("v1", 3, 100, 100, 200))
    ranking.clock.advance(seconds=0.5)
    [last] = await state(ranking)
    assert (last.vacancy_id, last.version, last.codes) == ("v1", 2, {"P/L": 3})
    ranking.clock.advance(seconds=5)
    assert await state(ranking) == []


async def test_a_clock_that_was_an_hour_ahead_holds_no_statement_back(ranking: ServiceApp) -> None:
    """Once the worker's clock is right again, the next change is stated at once."""
    facts = Facts({"v1": 1})
    ranking.clock.advance(hours=1)
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    assert len(await state(ranking)) == 1
    ranking.clock.advance(hours=-1)
    await ranking.hear(facts.skd("v1", 1, 100, 100, 200))
    assert [stated.version for stated in await state(ranking)] == [2]


async def test_what_changes_nothing_is_not_stated(ranking: ServiceApp) -> None:
    """The same points again leave the list as it is: no version is spent on it."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1), facts.skd("v1", 1, 100, 100, 200))
    assert len(await state(ranking)) == 1
    ranking.clock.advance(seconds=5)
    await ranking.hear(facts.skd("v1", 1, 100, 100, 200, corrected=True))
    assert await state(ranking) == []
    ranking.clock.advance(seconds=5)
    await ranking.hear(facts.skd("v1", 1, 100, 100, 201, corrected=True))
    assert [one.version for one in await state(ranking)] == [2]


async def test_two_workers_state_a_change_once(ranking: ServiceApp) -> None:
    """While one worker holds the pen the other passes; versions stay dense."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 2))
    async with ranking.pool.acquire() as one, one.transaction():
        assert await state_owed(one, ranking.outbox, ranking.clock()) == 1
        async with ranking.pool.acquire() as other, other.transaction():
            assert await state_owed(other, ranking.outbox, ranking.clock()) == 0
    assert [stated.version for stated in await ranking.stated(StandingsRecomputed)] == [1]


async def test_whole_and_paged_readings_agree(ranking: ServiceApp) -> None:
    """The figures that are stated (read line by line) and those of the API (read by counts and
    index) say the same, for any points.
    """
    chance = random.Random(11)
    facts = Facts({"v1": 2, "v2": 3, "v3": 1}, {"v2": "CUMLAUDE", "v3": "DISABILITAS"})
    await ranking.hear(*facts.opened())
    for vacancy in facts.seats:
        await ranking.hear(*facts.people(vacancy, 25))
        await ranking.hear(
            *(
                facts.skd(
                    vacancy,
                    candidate,
                    5 * chance.randint(10, 14),
                    5 * chance.randint(15, 17),
                    chance.randint(164, 168),
                )
                for candidate in range(1, 24)
            )
        )
    stated = await state(ranking)
    assert len(stated) == 3
    for one in stated:
        shown = (
            await ranking.http.get(f"/ranking/vacancies/{one.vacancy_id}/standings?limit=100")
        ).json()
        assert shown["codes"] == one.codes
        assert shown["cut"] == one.cut.model_dump(mode="json")
        assert shown["version"] == 1
        for line in shown["items"]:
            place = (
                await ranking.http.get(
                    f"/ranking/vacancies/{one.vacancy_id}/candidates/{line['participant_no']}"
                )
            ).json()
            assert {name: place[name] for name in ("rank", "score", "code", "equal_with")} == {
                name: line[name] for name in ("rank", "score", "code", "equal_with")
            }


async def test_a_vacancy_whose_round_has_not_arrived_waits(ranking: ServiceApp) -> None:
    """Results may come before the round: nothing is stated then, and all is once the round is
    there.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(
        *facts.people("v1", 1), facts.skd("v1", 1, 100, 100, 200), facts.vacancy("v1")
    )
    assert await state(ranking) == []
    await ranking.hear(facts.round())
    [stated] = await state(ranking)
    assert (stated.round_id, stated.codes) == (ROUND, {"P/L": 1})
