"""A vacancy's seats as everyone sees them.

Who has them, whom empty ones were offered, what each answered, and what stays empty.
"""

from html.parser import HTMLParser
from typing import Any

from typing_extensions import override

from tests.component.conftest import ServiceApp
from tests.component.ranking.test_seats import (
    PEOPLE,
    begin,
    closed,
    gives_up,
    places,
    round_of_three,
    says,
)


class Page(HTMLParser):
    """A page's tables and figures by id, and all its tags in order.

    A table is rows of texts; a tag comes with its attributes.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self._table, self._id, self._cell = "", "", False
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._id = dict(attrs).get("id") or ""
        if tag == "table":
            self._table = self._id
            self.tables[self._table] = []
        elif tag == "tr":
            self.tables[self._table].append([])
        elif tag in {"td", "th"}:
            self.tables[self._table][-1].append("")
            self._cell = True

    @override
    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in {"td", "th"}
        self._id = ""

    @override
    def handle_data(self, data: str) -> None:
        if self._cell:
            row = self.tables[self._table][-1]
            row[-1] = " ".join(f"{row[-1]} {data}".split())
        if self._id:
            self.texts[self._id] = data.strip()

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


async def seats(ranking: ServiceApp, vacancy: str) -> dict[str, Any]:
    answer = await ranking.http.get(f"/ranking/vacancies/{vacancy}/seats")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def page(ranking: ServiceApp, vacancy: str, language: str = "en") -> Page:
    answer = await ranking.http.get(
        f"/ranking/vacancies/{vacancy}/seats.html", params={"lang": language}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-language"] == language
    return Page(answer.text)


def figures(shown: Page) -> tuple[str, ...]:
    return tuple(
        shown.texts[name] for name in ("seats", "taken", "offered", "waiting", "left-empty")
    )


async def test_seats_from_the_list_to_the_last_answer(ranking: ServiceApp) -> None:
    """Each seat has its line, with its origin and state, at every moment of a filling.

    Before the list is fixed, before filling begins, with offers open, and when all is answered. The
    vacancy from which people were asked shows them too.
    """
    facts = round_of_three()
    await ranking.hear(*facts.opened())
    early = await page(ranking, "v1")
    assert early.texts["state"] == "The final list is not fixed yet; no seat is given."
    assert early.tables == {}

    await closed(ranking, facts, PEOPLE)
    before = await page(ranking, "v1")
    assert figures(before) == ("2", "0", "0", "2", "0")
    assert [row[2] for row in before.tables["seat-table"][1:]] == [
        "empty: filling has not begun"
    ] * 2
    assert figures(await page(ranking, "v2")) == ("1", "1", "0", "0", "0")

    await begin(ranking)
    await ranking.hear(await says(ranking, "v1", "0002-000002", "declined"))
    during = await page(ranking, "v1")
    assert during.texts["state"] == "Empty seats are being filled (optimalisasi)."
    assert figures(during) == ("2", "0", "2", "0", "0")
    assert [row[:4] for row in during.tables["seat-table"][1:]] == [
        ["1", "0002-000003", "offered, not answered yet", "L-1"],
        ["2", "0003-000002", "offered, not answered yet", "L-2"],
    ]
    same_unit, other_unit = (row[4] for row in during.tables["seat-table"][1:])
    assert same_unit.startswith(
        "from another kind of need at the same unit: PENATA LAYANAN OPERASIONAL"
    )
    assert same_unit.endswith("rank 3 on the list they applied for")
    assert "Best" in same_unit  # the kind of need in words
    assert other_unit.startswith("from another unit:")
    assert "Kota Serang | v3" in other_unit

    await ranking.hear(await says(ranking, "v1", "0002-000003"))
    await ranking.hear(await says(ranking, "v1", "0003-000002", "lapsed"))
    after = await page(ranking, "v1")
    assert after.texts["state"] == "The filling of seats is complete."
    assert figures(after) == ("2", "1", "0", "0", "1")
    assert [row[2] for row in after.tables["seat-table"][1:]] == [
        "taken",
        "left empty: nobody is left to ask",
    ]
    assert [
        (row[0], row[1], row[3], row[5].split(",")[0]) for row in after.tables["offers"][1:]
    ] == [
        ("1", "0002-000002", "L-1", "declined"),
        ("2", "0002-000003", "L-1", "accepted"),
        ("3", "0003-000002", "L-2", "time ran out"),
    ]
    origin = await page(ranking, "v2")
    assert [(row[1], row[3]) for row in origin.tables["elsewhere"][1:]] == [
        ("0002-000002", "L-1"),
        ("0002-000003", "L-1"),
    ]
    assert "offers" not in origin.tables

    told = await seats(ranking, "v1")
    assert (
        told["progress"],
        told["taken"],
        told["offered"],
        told["waiting"],
        told["left_empty"],
    ) == (
        "filled",
        1,
        0,
        0,
        1,
    )
    assert [
        (offer["participant_no"], offer["rank"], offer["origin"]["vacancy_id"])
        for offer in told["offers"]
    ] == [
        ("0002-000002", 2, "v2"),
        ("0002-000003", 3, "v2"),
        ("0003-000002", 2, "v3"),
    ]


async def test_an_account_says_what_became_of_seats(ranking: ServiceApp) -> None:
    """An account of the last list says above it what became of the person's seats.

    With a way to those seats; for whoever was offered a seat, has one, declined one or gave one up.
    Whoever was asked nothing reads nothing of it, nor does an account of an earlier list say it.
    """

    async def told(participant_no: str, vacancy: str = "v2", of: str = "final") -> str:
        path = f"/ranking/vacancies/{vacancy}/candidates/{participant_no}/why"
        answer = await ranking.http.get(path, params={"list": of, "lang": "en"})
        assert answer.status_code == 200, answer.text
        return answer.text

    await closed(ranking, round_of_three(), PEOPLE)
    await begin(ranking)
    assert "Was offered a seat with the code L-1" in await told("0002-000002")
    await ranking.hear(await says(ranking, "v1", "0002-000002", "declined"))
    await ranking.hear(await says(ranking, "v1", "0002-000003"))
    await ranking.hear(await says(ranking, "v1", "0003-000002", "lapsed"))
    await ranking.hear(gives_up("v2", 1))
    assert (
        "Declined a seat with the code L-1, offered 2026-08-20 10:00 WIB, declined"
        in await told("0002-000002")
    )
    third = await told("0002-000003")
    assert "Has a seat with the code L-1, offered 2026-08-20 10:00 WIB, accepted" in third
    assert (
        '<a href="/ranking/vacancies/v1/seats.html?lang=en">PENATA LAYANAN OPERASIONAL, Kota Serang'
        in third
    )
    assert "and did not answer in time" in await told("0003-000002", "v3")
    assert "Gave up the seat of this list, 2026-08-20 10:00 WIB" in await told("0002-000001")
    for silent in (await told("0003-000001", "v3"), await told("0002-000003", of="skd")):
        assert "Since the list was fixed" not in silent


async def told_on_the_list(ranking: ServiceApp, list_code: str) -> bool:
    """Whether that list of v2 says that seats have moved."""
    return (
        "Seats have moved"
        in (await ranking.http.get(f"/ranking/vacancies/v2?list={list_code}&lang=en")).text
    )


async def test_a_seat_given_up_and_equals_who_wait(ranking: ServiceApp) -> None:
    """Who gave a seat of the list up is named by number, the next of the list has the offer.

    A seat that two have equal claim to waits. The final list, which stays as it was fixed, says
    that seats have moved, and no other list does.
    """
    good, plain = (120, 120, 200), (100, 100, 190)
    people = {
        "v1": [],
        "v2": [(*good, "90"), (*plain, "80")],
        "v3": [(*good, "90"), (*plain, "80")],
    }
    await closed(ranking, places({"v1": 1, "v2": 1, "v3": 1}), people)
    await begin(ranking)
    waiting = await page(ranking, "v1")
    assert figures(waiting) == ("1", "0", "0", "1", "0")
    assert waiting.texts["state"] == "Empty seats are being filled (optimalisasi)."
    assert "officer" in waiting.tables["seat-table"][1][2]
    assert not await told_on_the_list(ranking, "final")
    await ranking.hear(gives_up("v2", 1))
    assert await told_on_the_list(ranking, "final")
    assert not await told_on_the_list(ranking, "skd")
    told = await seats(ranking, "v2")
    assert [(seat["participant_no"], seat["answer"]) for seat in told["given"]] == [
        ("0002-000001", "declined")
    ]
    shown = await page(ranking, "v2", "id")
    assert shown.texts["state"] == "Kursi kosong sedang diisi (optimalisasi)."
    assert [row[:3] for row in shown.tables["seat-table"][1:]] == [
        ["1", "0002-000002", "ditawarkan, belum dijawab"]
    ]
    assert "berikutnya di daftar sendiri" in shown.tables["seat-table"][1][4]


async def test_the_page_for_everybody(ranking: ServiceApp) -> None:
    """The page is reached from the vacancy's page, in both languages, and is accessible.

    One heading, a name for the navigation, captions or names for tables, headers for rows and
    columns, a label for the progress, no script, and no personal data. An unknown vacancy is told
    as a page.
    """
    await closed(ranking, round_of_three(), PEOPLE)
    await begin(ranking)
    for language in ("id", "en"):
        standings = Page(
            (await ranking.http.get("/ranking/vacancies/v1", params={"lang": language})).text
        )
        assert f"/ranking/vacancies/v1/seats.html?lang={language}" in [
            link.get("href") for link in standings.every("a")
        ]
        shown = await page(ranking, "v1", language)
        assert shown.every("html")[0]["lang"] == language
        assert len(shown.every("h1")) == 1
        assert all(nav.get("aria-label") for nav in shown.every("nav"))
        assert shown.every("label")[0]["for"] == shown.every("progress")[0]["id"]
        ids = [attributes["id"] for _, attributes in shown.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        regions = [tag for tag in shown.every("div") if tag.get("role") == "region"]
        assert len(regions) == len(shown.every("table")) == 2
        assert all(tag["aria-labelledby"] in ids for tag in regions)
        assert all(tag.get("scope") in {"col", "row"} for tag in shown.every("th"))
        assert shown.every("script") == []
    text = (await ranking.http.get("/ranking/vacancies/v1/seats.html")).text + str(
        await seats(ranking, "v1")
    )
    assert "1999" not in text  # birth dates
    assert "3.25" not in text  # marks
    unknown = await ranking.http.get("/ranking/vacancies/nowhere/seats.html")
    assert (unknown.status_code, unknown.headers["content-type"].split(";")[0]) == (
        404,
        "text/html",
    )
    assert (await ranking.http.get("/ranking/vacancies/nowhere/seats")).json()[
        "type"
    ] == "/problems/ranking/unknown-vacancy"
