"""Pages, places and the line at the cut, read by the index, say what the whole list says."""

import random
from typing import Any

import pytest

from services.ranking.standings.storage.facts import vacancies_known
from services.ranking.standings.storage.list_reader import ListReader, whole_lists
from shared.contracts.fields import Fact
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import Facts, number

EQUALS = 45
"""So many share a rank that neither a page nor what is read beyond it holds them all."""
OTHERS = 30
ABSENT = 3


@pytest.fixture
async def told(ranking: ServiceApp) -> ServiceApp:
    """One vacancy: many who are equal, others of few different scores, some below a threshold, some
    absent, one without a result.
    """
    facts, chance = Facts({"v1": 9}), random.Random(5)
    said: list[Fact] = facts.opened()
    people = range(1, EQUALS + OTHERS + ABSENT + 2)
    said += [facts.verified("v1", each) for each in people]
    said += [facts.skd("v1", each, 100, 100, 190) for each in people[:EQUALS]]
    said += [
        facts.skd("v1", each, chance.choice([60, 100, 120]), 100, chance.choice([180, 190, 200]))
        for each in people[EQUALS : EQUALS + OTHERS]
    ]
    said += [facts.missed("v1", "skd", each) for each in people[EQUALS + OTHERS : -1]]
    await ranking.hear(*said)
    return ranking


async def test_pages_of_any_length_are_the_whole_list(told: ServiceApp) -> None:
    """Walked in pages of 1 to 100 lines, the list is the same, and what each candidate is told of
    the own place is the same too.
    """
    async with told.pool.acquire() as connection, connection.transaction():
        vacancy = (await vacancies_known(connection, ["v1"]))["v1"]
        one = ListReader(connection, "v1", vacancy.lists["skd"])
        whole = {
            line.participant_no: line
            async for chunk in whole_lists(connection, "skd", ["v1"])
            for _, line in chunk
        }
        assert max(line.equals for line in whole.values()) >= EQUALS
        for most in (1, 2, 3, 7, 20, 31, 50, 100):
            walked: list[tuple[Any, Any]] = []
            while page := await one.page(walked[-1][0] if walked else None, most):
                assert len(page) <= most
                walked += page
            assert [row.participant_no for row, _ in walked] == sorted(
                whole, key=lambda participant_no: whole[participant_no].place
            )
            for row, line in walked:
                if row.ranked:
                    assert line == whole[row.participant_no]
                    assert await one.place(row.participant_no) == (row, line)


async def test_the_line_at_the_cut_is_the_one_with_so_many_up_to_it(told: ServiceApp) -> None:
    """For every limit from 1 to the last ranked line, and none beyond."""
    async with told.pool.acquire() as connection, connection.transaction():
        vacancy = (await vacancies_known(connection, ["v1"]))["v1"]
        one = ListReader(connection, "v1", vacancy.lists["skd"])
        ranked = [row for row, _ in await one.page(None, 100) if row.ranked]
        assert number("v1", 1) in {row.participant_no for row in ranked}
        assert [await one.at_the_limit(limit) for limit in range(1, len(ranked) + 1)] == ranked
        assert await one.at_the_limit(len(ranked) + 1) is None
