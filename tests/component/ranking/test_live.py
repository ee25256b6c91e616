"""The page and the stream over a real server: whoever watches sees the list move without asking
again.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn

from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts


@asynccontextmanager
async def served(ranking: ServiceApp) -> AsyncIterator[httpx.AsyncClient]:
    """The app under a real uvicorn on a free port; its lifespan is entered already."""
    server = uvicorn.Server(
        uvicorn.Config(ranking.app, host="127.0.0.1", port=0, lifespan="off", log_config=None)
    )
    # the test's own process handles signals
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
        yield http
    server.should_exit = True
    await serving


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """The data of a stream's events, whole."""
    async for line in lines:
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


async def test_a_stream_shows_the_list_at_once_and_moves_with_it(ranking: ServiceApp) -> None:
    """The first message comes at once; each change follows without being asked for, to every
    watcher, at both addresses.
    """
    facts = Facts({"v1": 1, "v2": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 3), *facts.people("v2", 1))
    async with (
        served(ranking) as http,
        http.stream("GET", "/ranking/vacancies/v1/stream") as one,
        http.stream("GET", "/ranking/vacancies/v1/standings/stream?list=skd") as other,
    ):
        assert one.headers["content-type"].startswith("text/event-stream")
        streams = [messages(one.aiter_lines()), messages(other.aiter_lines())]
        for stream in streams:
            assert (await anext(stream))["codes"] == {"WAIT": 3}
        await ranking.hear(
            facts.skd("v2", 1, 100, 100, 200)
        )  # another vacancy's news is not this one's
        await ranking.hear(facts.skd("v1", 1, 100, 100, 200))
        for stream in streams:
            moved = await anext(stream)
            assert moved["codes"] == {"P/L": 1, "WAIT": 2}
            assert moved["items"][0]["score"] == "400"
        await ranking.hear(facts.skd("v1", 1, 0, 0, 0, corrected=True))
        for stream in streams:
            assert (await anext(stream))["codes"] == {"TL": 1, "WAIT": 2}


async def test_a_burst_comes_as_few_messages_and_the_last_is_right(ranking: ServiceApp) -> None:
    """Changes that come faster than people read are told together, and the last of them is never
    left out.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 40))
    async with (
        served(ranking) as http,
        http.stream("GET", "/ranking/vacancies/v1/stream") as answer,
    ):
        stream = messages(answer.aiter_lines())
        await anext(stream)
        for candidate in range(1, 41):
            await ranking.hear(facts.skd("v1", candidate, 100, 100, 166 + candidate))
        came = 0
        while True:
            came += 1
            if (await anext(stream))["codes"] == {"P": 37, "P/L": 3}:
                break
        assert came < 20


async def test_a_lost_listener_comes_back_and_tells_what_was_missed(ranking: ServiceApp) -> None:
    """PostgreSQL ends the listening connection: it is made anew, and watchers get what changed
    meanwhile.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    async with (
        served(ranking) as http,
        http.stream("GET", "/ranking/vacancies/v1/stream") as answer,
    ):
        stream = messages(answer.aiter_lines())
        await anext(stream)
        ended = await ranking.pool.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'ranking-api-listener' AND datname = current_database()"
        )
        assert ended == 1
        await ranking.hear(facts.skd("v1", 1, 100, 100, 200))
        assert (await anext(stream))["codes"] == {"P/L": 1}


async def test_the_page_shows_the_list_in_both_languages(ranking: ServiceApp) -> None:
    """The page is whole without a script: lines, codes and what they mean, in Indonesian unless
    English is asked for; its files are ours.
    """
    facts = Facts({"v1": 1}, {"v1": "DISABILITAS"})
    await ranking.hear(*facts.opened(), *facts.people("v1", 2), facts.skd("v1", 1, 100, 100, 200))
    async with served(ranking) as http:
        indonesian = await http.get("/ranking/vacancies/v1")
        english = await http.get("/ranking/vacancies/v1?lang=en")
        nowhere = await http.get("/ranking/vacancies/nowhere?lang=en")
        for asset in ("static/terang.css", "static/terang.svg", "assets/standings.js"):
            assert (await http.get(f"/ranking/{asset}")).status_code == 200
    assert indonesian.headers["content-type"].startswith("text/html")
    assert '<html lang="id">' in indonesian.text
    assert "Penyandang disabilitas" in indonesian.text
    assert ">0001-000001</a></th>" in indonesian.text
    assert "lolos ambang batas dan masuk ke tahap berikutnya" in indonesian.text
    assert "passed, and goes on to the next stage" in english.text
    assert "script-src 'self'" in english.headers["content-security-policy"]
    assert nowhere.status_code == 404
    assert "No vacancy nowhere has arrived here" in nowhere.text


async def test_a_page_that_is_fixed_says_so_and_moves_no_more(ranking: ServiceApp) -> None:
    """Once an officer closed the list its page shows it as it was fixed, with the local time, and
    follows no stream.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1), facts.scheduled("v1", "skd"))
    await ranking.hear(facts.skd("v1", 1, 100, 100, 200), facts.closed("v1", "skd", 1))
    closed = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/stages/skd/close", headers=ranking.who("o", "officer")
    )
    assert closed.status_code == 200, closed.text
    page = (await ranking.http.get("/ranking/vacancies/v1?list=skd")).text
    assert "Sudah ditetapkan petugas" in page
    assert "20-08-2026 10.00 WIB" in page
    assert "standings.js" not in page
    assert (
        "standings.js" in (await ranking.http.get("/ranking/vacancies/v1")).text
    )  # the final list is live now


async def test_a_stream_of_an_unknown_vacancy_is_refused(ranking: ServiceApp) -> None:
    """Whoever asks for a vacancy that isn't there gets a problem, not a silent stream."""
    answer = await ranking.http.get("/ranking/vacancies/nowhere/stream")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/ranking/unknown-vacancy"


async def test_an_empty_list_says_why(ranking: ServiceApp) -> None:
    """Nobody yet, nobody before the list before is fixed, nobody at all: three things.

    Codes that nobody has are not explained.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), facts.registered("v1", 0), facts.scheduled("v1", "skd"))

    async def page(one: str) -> str:
        return (await ranking.http.get(f"/ranking/vacancies/v1?list={one}&lang=en")).text

    assert "Candidates appear once their papers are verified" in await page("skd")
    assert "Only who goes on from the list Basic competence test" in await page("final")
    await ranking.hear(facts.closed("v1", "skd", 0))
    closed = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/stages/skd/close", headers=ranking.who("o", "officer")
    )
    assert closed.status_code == 200, closed.text
    fixed = await page("skd")
    assert "Nobody is on this list.<" in fixed
    assert "What the codes mean" not in fixed


async def fixed_skd(ranking: ServiceApp, people: int, more: int = 0) -> None:
    """The first list of v1, fixed, everyone with the same points, or so many `more` than the one
    before.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", people), facts.scheduled("v1", "skd"))
    await ranking.hear(
        *(facts.skd("v1", one, 100, 100, 200 + one * more) for one in range(1, people + 1))
    )
    await ranking.hear(facts.closed("v1", "skd", people))
    closed = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/stages/skd/close", headers=ranking.who("o", "officer")
    )
    assert closed.status_code == 200, closed.text


async def test_a_page_says_which_lines_it_has(ranking: ServiceApp) -> None:
    """Of how many lines a page shows which, live or fixed; a fixed list can be had whole, on one
    page.
    """
    facts = Facts({"v2": 1})
    await fixed_skd(ranking, 103)
    await ranking.hear(facts.vacancy("v2"), *facts.people("v2", 103))

    async def page(vacancy: str, query: str) -> str:
        answer = await ranking.http.get(f"/ranking/vacancies/{vacancy}?list=skd&lang=en{query}")
        assert answer.status_code == 200
        return answer.text

    def after(text: str) -> str:
        return "&cursor=" + text.split("cursor=")[1].split('"')[0]

    first = await page("v1", "")
    assert "Lines 1–100 of 103" in first
    assert "Lines 101–103 of 103" in await page("v1", after(first))
    whole = await page("v1", "&all=1")
    assert "Lines 1–103 of 103" in whole
    assert whole.count("data-number=") == 103
    live = await page("v2", "")
    assert "Lines 1–100 of 103" in live
    assert "3 lines after candidate 0002-0" in await page("v2", after(live))
    refused = await ranking.http.get("/ranking/vacancies/v2?list=skd&all=1")
    assert (refused.status_code, "Belum ditetapkan" in refused.text) == (409, True)


async def test_more_within_than_the_limit_is_explained(ranking: ServiceApp) -> None:
    """Four equals at a limit of three all go on, and the page says so.

    A version is no figure of interest while nothing was corrected.
    """
    await fixed_skd(ranking, 4)
    page = (await ranking.http.get("/ranking/vacancies/v1?list=skd&lang=en")).text
    assert '<span id="within">4</span> / 3' in page
    assert '<p id="all-equals">Whoever is equal' in page
    assert 'id="version"' not in page
    assert (
        '<p id="all-equals" hidden>'
        in (await ranking.http.get("/ranking/vacancies/v1?list=final")).text
    )


async def test_a_number_leads_to_its_account(ranking: ServiceApp) -> None:
    """The form's participant number, also typed without its hyphen, leads to that candidate's page;
    what is none, or is on no line, gets a page too.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    page = (await ranking.http.get("/ranking/vacancies/v1?lang=en")).text
    assert '<form class="find" action="/ranking/vacancies/v1/candidate">' in page
    for typed in ("0001-000001", " 0001000001 "):
        query = {"participant_no": typed, "list": "skd", "lang": "en"}
        sent = await ranking.http.get("/ranking/vacancies/v1/candidate", params=query)
        assert sent.status_code == 303
        assert (
            sent.headers["location"] == "/ranking/vacancies/v1/candidates/0001-000001/why?lang=en"
        )
        assert "0001-000001" in (await ranking.http.get(sent.headers["location"])).text
    for typed in ("0001-000009", "satu\x00", "", "3601012345670001"):
        query = {"participant_no": typed, "lang": "en"}
        sent = await ranking.http.get(
            "/ranking/vacancies/v1/candidate", params=query, follow_redirects=True
        )
        assert (sent.status_code, sent.headers["content-type"].split(";")[0]) == (404, "text/html")
        assert "Not on this list" in sent.text
    assert (await ranking.http.get("/ranking/vacancies/nowhere/candidate")).status_code == 404


async def test_whom_no_list_let_go_on_is_found_from_the_newest_list(ranking: ServiceApp) -> None:
    """Most people who look for themselves on the final list's page stand on the first one: theirs
    is told. Whoever asks on an earlier list's page is told of that one.
    """
    await fixed_skd(ranking, 4, more=1)
    find = "/ranking/vacancies/v1/candidate"
    told = {}
    for list_ in ("final", "skd"):
        for number in ("0001-000001", "0001-000004"):
            query = {"participant_no": number, "list": list_, "lang": "en"}
            told[list_, number] = await ranking.http.get(find, params=query, follow_redirects=True)
            assert told[list_, number].status_code == 200
    assert "/ranking/vacancies/v1?list=skd" in told["final", "0001-000001"].text
    assert "list=skd" in str(told["skd", "0001-000004"].url)
    assert "list=" not in str(told["final", "0001-000001"].url)


async def test_a_version_is_never_another_one(ranking: ServiceApp) -> None:
    """`?version=` without a list is of the list that is shown by default, or refused."""
    await fixed_skd(ranking, 1)
    for list_, status in (
        ("&list=skd", 200),
        ("", 409),
    ):  # by default the final list, which is not fixed
        assert (
            await ranking.http.get(f"/ranking/vacancies/v1?version=1{list_}")
        ).status_code == status


async def test_a_live_list_says_of_when_it_is(ranking: ServiceApp) -> None:
    """The page and every message of the stream have the local time, so that paper has it."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    page = (await ranking.http.get("/ranking/vacancies/v1")).text
    assert 'Keadaan per <span id="as-of">20-08-2026 10.00 WIB</span>' in page
    async with (
        served(ranking) as http,
        http.stream("GET", "/ranking/vacancies/v1/stream?lang=id") as answer,
    ):
        ids = [line async for line in one_message(answer.aiter_lines()) if line.startswith("id:")]
    assert ids == ["id: 20-08-2026 10.00 WIB"]


async def one_message(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The lines of a stream's first message."""
    async for line in lines:
        if not line:
            return
        yield line
