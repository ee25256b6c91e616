"""The way in: the page of a round's vacancies, how one finds one of them, and where it leads."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.ranking.publication.storage.signing import SigningKey
from services.ranking.standings.handlers.live import LINES
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_publication import published
from tests.component.ranking.test_seats import PEOPLE, begin, closed, round_of_three
from tests.component.ranking.test_seats_page import Page

WAY_IN = "/ranking/vacancies.html"


async def way_in(ranking: ServiceApp, *, status: int = 200, **asked: str) -> Page:
    answer = await ranking.http.get(WAY_IN, params={"lang": "en", **asked})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (
        status,
        "text/html",
    ), answer.text
    return Page(answer.text)


def numbers(shown: Page) -> list[str]:
    return [row[0] for row in shown.tables.get("vacancies", [])[1:]]


def links(shown: Page) -> list[str]:
    return [link["href"] or "" for link in shown.every("a")]


async def test_the_vacancies_of_a_round_by_number(ranking: ServiceApp) -> None:
    """Each has number, post, unit, kind of need in words, seats and its fixed lists by name, and
    leads to its standings; a kind that the policy lacks is shown by its code. Neither language
    needs a script.
    """
    facts = Facts({"v2": 1, "v1": 3, "v3": 1}, {"v2": "DISABILITAS", "v3": "TIDAK_ADA"})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    shown = await way_in(ranking)
    assert numbers(shown) == ["1", "2", "3"]
    _, post, seats = shown.tables["vacancies"][1]
    assert post.startswith("PENATA LAYANAN OPERASIONAL")
    for part in (
        "Pemerintah Kota Serang",
        "Kota Serang | Kecamatan Kasemen",
        "General",
        "No list is fixed yet",
    ):
        assert part in post
    assert seats == "3"
    assert "People with disabilities" in shown.tables["vacancies"][2][1]
    assert "TIDAK_ADA" in shown.tables["vacancies"][3][1]
    assert shown.texts["count"] == "Vacancies 1–3 of 3, by number"
    assert "/ranking/vacancies/v1?lang=en" in links(shown)
    assert not [link for link in links(shown) if "seats.html" in link or "publication.html" in link]
    assert shown.every("script") == []
    assert {label["for"] for label in shown.every("label")} == {"search", "need"}
    indonesian = await way_in(ranking, lang="id")
    assert indonesian.every("html")[0]["lang"] == "id"
    assert indonesian.texts["count"] == "Formasi 1–3 dari 3, menurut nomor"
    assert "Penyandang disabilitas" in indonesian.tables["vacancies"][2][1]


async def test_one_finds_a_vacancy_by_words_and_kind_of_need(ranking: ServiceApp) -> None:
    """The form keeps what was asked for, and what it sends empty asks for nothing; who finds
    nothing is told what to do.
    """
    facts = Facts({"v1": 1, "v2": 1, "v3": 1}, {"v2": "CUMLAUDE"})
    one, two, three = (facts.vacancy(each) for each in facts.seats)
    doctors = [each.model_copy(update={"post": "DOKTER"}) for each in (one, two)]
    await ranking.hear(facts.round(), *doctors, three)
    assert numbers(await way_in(ranking, search="dokter kasemen")) == ["1", "2"]
    found = await way_in(ranking, search="dokter", need="CUMLAUDE")
    assert numbers(found) == ["2"]
    assert (
        found.texts["count"]
        == "Vacancies 1–1 of 1, by number (dokter · Best graduates (cum laude))"
    )
    assert numbers(await way_in(ranking, search="", need="", round_id="")) == ["1", "2", "3"]

    nothing = await ranking.http.get(
        WAY_IN, params={"search": '<b>"', "need": "PAPUA", "lang": "en"}
    )
    shown = Page(nothing.text)
    assert shown.tables == {}
    assert "No vacancy matches." in nothing.text
    assert "<b>" not in nothing.text
    assert f"?round_id={ROUND}&lang=en" in links(shown)
    (field,) = [one for one in shown.every("input") if one["name"] == "search"]
    assert field["value"] == '<b>"'
    assert [one["value"] for one in shown.every("option") if "selected" in one] == ["PAPUA"]


async def test_a_long_round_is_paged(ranking: ServiceApp) -> None:
    """Every vacancy stands on one page, the search goes along, each page says which of how many it
    shows, and the last leads back to the first.
    """
    facts = Facts(
        dict.fromkeys((f"v{number}" for number in range(1, 2 * LINES + 11)), 1),
        {"v7": "DISABILITAS"},
    )
    await ranking.hear(*facts.opened())
    seen: list[str] = []
    told: list[str] = []
    asked: dict[str, Any] = {"search": "kasemen", "need": "UMUM"}
    while True:
        shown = await way_in(ranking, **asked)
        seen += numbers(shown)
        told.append(shown.texts["count"].split(",")[0])
        following = [link["href"] or "" for link in shown.every("a") if link.get("rel") == "next"]
        if not following:
            break
        asked = dict(pair.split("=") for pair in following[0].removeprefix("?").split("&"))
    assert seen == [str(number) for number in range(1, 2 * LINES + 11) if number != 7]
    assert told == [
        "Vacancies 1–100 of 209",
        "Vacancies 101–200 of 209",
        "Vacancies 201–209 of 209",
    ]
    assert f"?round_id={ROUND}&search=kasemen&need=UMUM&lang=en" in links(shown)


async def test_the_newest_round_comes_first_and_others_can_be_chosen(ranking: ServiceApp) -> None:
    """Newest is whose registration opens last, among those that have vacancies; where there are
    several they can be chosen, and a search stays in one.
    """
    facts = Facts({"v1": 1})
    (older, vacancy), calendar = facts.opened(), facts.round().calendar
    opens = datetime(2027, 8, 1, tzinfo=UTC)
    newer = older.model_copy(
        update={
            "round_id": "a-2027",
            "name": "CPNS 2027",
            "calendar": calendar.model_copy(update={"registration_opens": opens}),
        }
    )
    later = calendar.model_copy(update={"registration_opens": datetime(2028, 8, 1, tzinfo=UTC)})
    empty = newer.model_copy(update={"round_id": "a-2028", "name": "CPNS 2028", "calendar": later})
    moved = vacancy.model_copy(update={"vacancy_id": "v9", "round_id": "a-2027", "number": 9})
    await ranking.hear(newer, moved, empty, older, vacancy)
    shown = await way_in(ranking)
    assert numbers(shown) == ["9"]
    rounds = [
        one["value"] for one in shown.every("option") if one["value"] in {"a-2027", "a-2028", ROUND}
    ]
    assert rounds == ["a-2027", ROUND]
    assert numbers(await way_in(ranking, round_id=ROUND, search="kasemen")) == ["1"]
    assert numbers(await way_in(ranking, round_id="a-2028")) == []
    await way_in(ranking, status=404, round_id="nowhere")
    await way_in(ranking, status=400, cursor="nonsense")


async def test_where_nothing_is_published_yet(ranking: ServiceApp) -> None:
    """Before the first vacancy arrives the page says that there is none and what to do."""
    assert "Belum ada formasi" in (await ranking.http.get(WAY_IN)).text
    await ranking.hear(Facts({"v1": 1}).round())
    assert "Belum ada formasi" in (await ranking.http.get(WAY_IN)).text
    assert "Belum ada formasi" in (await ranking.http.get(WAY_IN, params={"round_id": ROUND})).text


async def test_the_service_leads_to_it_and_every_page_back(ranking: ServiceApp) -> None:
    """`/ranking`, with or without a slash, leads there and keeps the language; the head of every
    page links to it, also where something can't be shown.
    """
    for path in ("/ranking", "/ranking/"):
        answer = await ranking.http.get(path, params={"lang": "en"})
        assert (answer.status_code, answer.headers["location"]) == (302, f"{WAY_IN}?lang=en")
        asked = await ranking.http.get(path, params={"round_id": ROUND, "search": "a b"})
        assert asked.headers["location"] == f"{WAY_IN}?round_id={ROUND}&search=a+b"
    await ranking.hear(*Facts({"v1": 1}).opened())
    for path in (
        WAY_IN,
        "/ranking/vacancies/v1",
        "/ranking/vacancies/v1/seats.html",
        "/ranking/vacancies/nowhere",
    ):
        assert "/ranking?lang=en" in links(
            Page((await ranking.http.get(path, params={"lang": "en"})).text)
        ), path


@pytest.fixture
async def signing(service_app: Callable[..., Awaitable[ServiceApp]], tmp_path: Path) -> ServiceApp:
    """Ranking with a signing key."""
    SigningKey.new().keep(tmp_path / "key.pem")
    return await service_app("ranking", TERANG_RANKING_SIGNING_KEY=str(tmp_path / "key.pem"))


async def test_seats_and_what_is_signed_are_reached_once_they_are_there(
    signing: ServiceApp,
) -> None:
    """Fixed lists are named in the policy's order; once filling has begun each vacancy's seats, and
    once two officers published them the signed lists, are a link away.
    """
    await closed(signing, round_of_three(), PEOPLE)
    shown = await way_in(signing)
    assert shown.tables["vacancies"][1][1].endswith(
        "Fixed: Basic competence test, results; Final results"
    )
    seats, lists = (
        "/ranking/vacancies/v1/seats.html?lang=en",
        f"/ranking/rounds/{ROUND}/publication.html?lang=en",
    )
    assert {seats, lists}.isdisjoint(links(shown))
    await published(signing)
    assert lists in links(await way_in(signing))
    await begin(signing)
    assert seats in links(await way_in(signing))
