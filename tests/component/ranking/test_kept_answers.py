"""Lists and explanations that everyone asks for: made once as long as they are right."""

import pytest
from httpx import Response

from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_seats import closed

V1 = "/ranking/vacancies/v1"
FIXED = [
    f"{V1}?list=skd",
    f"{V1}?list=final&lang=en",
    f"{V1}/standings?list=skd",
    f"{V1}/candidates/0001-000001/explanation?list=skd",
    f"{V1}/candidates/0001-000001/why?list=final",
]
# what is fixed never changes, so this can be seen only where an answer is made anew
OTHERWISE = "UPDATE closed_line_version SET points = '{}', score = '1.000'"


@pytest.fixture
async def fixed(ranking: ServiceApp) -> ServiceApp:
    """A round whose lists are fixed."""
    facts = Facts({"v1": 1, "v2": 1})
    people = [(150, 175, 200, "90"), (100, 120, 190, "80")]
    await closed(ranking, facts, {"v1": people, "v2": people})
    return ranking


async def get(ranking: ServiceApp, path: str, **headers: str) -> Response:
    return await ranking.http.get(path, headers=headers)


@pytest.mark.parametrize("path", FIXED)
async def test_what_is_fixed_is_made_once(fixed: ServiceApp, path: str) -> None:
    """Each reader used to have it made: 82 list pages a second, and every other reader waited. Sent
    again to the byte; who has it already gets 304.
    """
    first = await get(fixed, path)
    assert (first.status_code, first.headers["cache-control"]) == (200, "public, no-cache")
    await fixed.pool.execute(OTHERWISE)
    again = await get(fixed, path)
    assert again.content == first.content
    unchanged = await get(fixed, path, **{"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize("path", FIXED)
async def test_no_answer_outlives_its_version(fixed: ServiceApp, path: str) -> None:
    """Whatever changes of a vacancy, the next reader has the answer made anew."""
    first = await get(fixed, path)
    facts = Facts({"v1": 1, "v2": 1})
    await fixed.hear(facts.skd("v1", 2, 100, 125, 190, corrected=True))
    await fixed.pool.execute(OTHERWISE)
    changed = await get(fixed, path, **{"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.content != first.content


async def test_another_vacancy_is_left_as_it_is(fixed: ServiceApp) -> None:
    """A change of one vacancy makes nothing of the others anew."""
    path = "/ranking/vacancies/v2?list=skd"
    first = await get(fixed, path)
    await fixed.hear(Facts({"v1": 1}).skd("v1", 2, 100, 125, 190, corrected=True))
    await fixed.pool.execute(OTHERWISE)
    assert (await get(fixed, path)).content == first.content


async def test_a_page_says_at_once_that_seats_moved(fixed: ServiceApp) -> None:
    """Seats are no part of the list, but its page tells of them."""
    path = f"{V1}?list=final&lang=en"
    before = await get(fixed, path)
    await fixed.pool.execute(
        "INSERT INTO seat_answer (vacancy_id, participant_no, round_id, answer, answered_at)"
        f" VALUES ('v1', '0001-000001', '{ROUND}', 'declined', now())"
    )
    after = await get(fixed, path)
    assert "seats" in after.text
    assert after.content != before.content


async def test_languages_are_kept_apart(fixed: ServiceApp) -> None:
    """The same address in another language is another page."""
    path = f"{V1}?list=skd"
    indonesian = await get(fixed, path)
    english = await get(fixed, path, **{"Accept-Language": "en"})
    assert indonesian.headers["content-language"] == "id"
    assert english.headers["content-language"] == "en"
    assert (await get(fixed, path)).content == indonesian.content


async def test_a_live_list_is_read_at_most_four_times_a_second(ranking: ServiceApp) -> None:
    """Whoever asks in between gets what was read last; then all that is known counts."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 2), facts.scheduled("v1", "skd"))
    ranking.app.state.kept_answers.live_s = 3600
    path = f"{V1}/standings?list=skd"
    before = (await get(ranking, path)).json()
    await ranking.hear(facts.skd("v1", 1, 150, 175, 200))
    assert (await get(ranking, path)).json() == before
    # a page that was kept for a quarter of a second: all others are read anew
    ranking.app.state.kept_answers.live_s = 0
    after = (await get(ranking, f"{path}&limit=20")).json()
    assert after["items"][0]["rank"] == 1
    assert before["items"][0]["rank"] is None


async def test_refusals_are_not_kept(ranking: ServiceApp) -> None:
    """A vacancy that was not there is shown as soon as it is."""
    assert (await get(ranking, V1)).status_code == 404
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    assert (await get(ranking, V1)).status_code == 200
