"""Why this rank, as people and programs are told: live, and as a list was fixed."""

from datetime import date

import asyncpg

from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_closing import shortlisted
from tests.component.ranking.test_revisions import get
from tests.servers import owner_address

SKD = f"/ranking/rounds/{ROUND}/stages/skd/close"
FINAL = f"/ranking/rounds/{ROUND}/close"
SECRETS = ("3.10", "3.90", "1988", "1999", "birth_date: ", "merit_key")


async def test_a_live_place_is_explained(ranking: ServiceApp) -> None:
    """Thresholds, the tie that decided, and the distance to the cut, in the reader's language."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 6))
    await ranking.hear(*(facts.skd("v1", each, 100, 100, 205 - each) for each in (1, 2, 3)))
    await ranking.hear(facts.skd("v1", 4, 100, 105, 197), facts.skd("v1", 5, 60, 100, 200))
    path = "/ranking/vacancies/v1/candidates/0001-00000{}/explanation?lang=en"
    third = (await ranking.http.get(path.format(3))).json()
    assert (third["outcome"], third["code"], third["rank"], third["of"]) == ("within", "P/L", 3, 4)
    assert (third["state"], third["limit"], third["distance"]) == ("live", 3, "0")
    assert third["below"] == {
        "participant_no": "0001-000004",
        "rank": 4,
        "score": "402",
        "decided_by": "TKP",
        "own": "202",
        "other": "197",
    }
    fourth = (await ranking.http.get(path.format(4))).json()
    assert (fourth["outcome"], fourth["score"], fourth["decided_at_the_cut"]) == (
        "passed",
        "402",
        "TKP",
    )
    assert fourth["sentences"][-1] == (
        "Your score equals the last one within the cut, 402; what decided is Personal"
        " characteristics (TKP)."
    )
    below = (await ranking.http.get(path.format(5))).json()
    assert below["outcome"] == "below"
    assert below["thresholds"][0] == {
        "of": "TWK",
        "minimum": "65",
        "points": "60",
        "lacking": "5",
        "passed": False,
    }
    waiting = (await ranking.http.get(path.format(6))).json()
    assert waiting["outcome"] == "waiting"
    assert waiting["stages"] == {"skd": "waiting"}
    indonesian = await ranking.http.get(path.format(6).replace("lang=en", "lang=id"))
    assert indonesian.headers["content-language"] == "id"
    provisional, outcome, *_ = indonesian.json()["sentences"]
    assert provisional == "Ini keadaan saat ini; hasil peserta lain masih dapat mengubahnya."
    assert outcome.startswith("Pada daftar Hasil SKD")


async def test_a_rule_about_a_person_is_named_and_nothing_more(ranking: ServiceApp) -> None:
    """A mark and an age decide the last list: the account names the rules, live and fixed, for
    whoever asks, on the page too.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened())
    born = date(1999, 5, 17)
    for candidate, (gpa, day) in enumerate(
        [("3.10", born), ("3.90", born), ("3.90", date(1988, 8, 8))], 1
    ):
        await ranking.hear(
            *facts.applied("v1", candidate, gpa=gpa, born=day), facts.verified("v1", candidate)
        )
    await ranking.hear(facts.registered("v1", 3), facts.scheduled("v1", "skd"))
    await ranking.hear(
        *(facts.skd("v1", each, 100, 100, 200) for each in (1, 2, 3)), facts.closed("v1", "skd", 3)
    )
    officer = ranking.who("officer-1", "officer")
    assert (await ranking.http.post(SKD, headers=officer)).status_code == 200
    await ranking.hear(facts.scheduled("v1", "skb"))
    await ranking.hear(
        *(facts.skb("v1", each, "80") for each in (1, 2, 3)), facts.closed("v1", "skb", 3)
    )
    path = "/ranking/vacancies/v1/candidates/0001-000002"

    async def told() -> dict[str, object]:
        answer = await ranking.http.get(f"{path}/explanation?lang=en")
        assert answer.status_code == 200, answer.text
        assert not [secret for secret in SECRETS if secret in answer.text]
        return dict(answer.json())

    live = await told()
    assert (live["state"], live["rank"], live["score"]) == ("live", 2, "77.091")
    assert live["above"] == {
        "participant_no": "0001-000003",
        "rank": 1,
        "score": "77.091",
        "decided_by": "birth_date",
        "own": None,
        "other": None,
    }
    assert live["below"]["decided_by"] == "gpa"  # type: ignore[index]
    assert live["decided_at_the_cut"] == "birth_date"
    page = await ranking.http.get(f"{path}/why?lang=en")
    assert page.status_code == 200
    assert "the rule of age" in page.text
    assert not [secret for secret in SECRETS if secret in page.text]
    standings = await ranking.http.get("/ranking/vacancies/v1?lang=en")
    assert f"{path}/why?list=final&amp;lang=en" in standings.text

    assert (await ranking.http.post(FINAL, headers=officer)).status_code == 200
    fixed = await told()
    assert fixed["state"] == "closed"
    assert live["sentences"][0].startswith("This is how it stands now")  # type: ignore[index]
    live["sentences"] = live["sentences"][1:]  # type: ignore[index]
    of_the_list = {name: fixed[name] for name in ("state", "version", "closed_at")}
    assert fixed == live | of_the_list
    # a correction after the list was fixed moves the live list, and what was fixed is still
    # explained by its own points
    await ranking.hear(
        facts.skb("v1", 2, "90", corrected=True), *facts.applied("v1", 1, gpa="3.95")[1:]
    )
    assert await told() == fixed
    # the facts of then were erased: today's would not give the order, and that is said
    await ranking.pool.execute("DELETE FROM closed_fact")
    # whoever changes what is known of a vacancy takes its lock: no kept answer outlives it
    await ranking.pool.execute("UPDATE vacancy_lock SET change = nextval('change')")
    below = (await told())["below"]
    assert below["decided_by"] == "since-corrected"  # type: ignore[index]


async def test_on_paper_the_account_says_what_it_is_about(ranking: ServiceApp) -> None:
    """Post, unit, agency, kind of need, round, list, and its version with the time when it was
    fixed, or the time as of which a live list was read.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "80"})
    path = "/ranking/vacancies/v1/candidates/0001-000002/why?lang=en&list="
    fixed = (await ranking.http.get(f"{path}skd")).text
    live = (await ranking.http.get(f"{path}final")).text
    for said in (
        "PENATA LAYANAN OPERASIONAL",
        "Pemerintah Kota Serang",
        "Kota Serang | Kecamatan Kasemen",
        "General",
        "CPNS 2024",
    ):
        assert said in fixed
        assert said in live
    closed = await get(ranking, "/ranking/vacancies/v1/standings", list="skd")
    told = await get(
        ranking, "/ranking/vacancies/v1/candidates/0001-000002/explanation", list="skd"
    )
    assert (told["version"], told["closed_at"]) == (closed["version"], closed["closed_at"])
    assert f"</strong>, Version {closed['version']}: Fixed by an officer, <time" in fixed
    assert "2026-08-20 10:00 WIB</time>" in fixed
    assert "Live: moves as results arrive; as it stood <time" in live
    assert "</strong>: Live" in live


async def test_questions_that_have_no_account(ranking: ServiceApp) -> None:
    """Unknown vacancies, lists and candidates are refused; the page says it in words."""
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    path = "/ranking/vacancies/{}/candidates/{}/{}"
    for vacancy, number, query, status, problem in [
        ("nowhere", "0001-000001", "", 404, "unknown-vacancy"),
        ("v1", "0001-000009", "", 404, "not-on-the-list"),
        ("v1", "0001-000001", "?list=third", 404, "unknown-list"),
        ("v1", "0001-000001", "?state=closed", 409, "not-closed"),
    ]:
        answer = await ranking.http.get(path.format(vacancy, number, "explanation") + query)
        assert (answer.status_code, answer.json()["type"]) == (
            status,
            f"/problems/ranking/{problem}",
        )
        page = await ranking.http.get(path.format(vacancy, number, "why") + query)
        assert page.status_code == status
        assert "text/html" in page.headers["content-type"]


async def test_a_page_that_can_not_be_shown_says_so_as_a_page(ranking: ServiceApp) -> None:
    """A mistyped number, a missing or wrong part of the address, an unknown version: a page in the
    reader's language, without words for programs, that leads back to the vacancy, unless that is
    what isn't there. The API still answers problem details.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 1))
    vacancy = "/ranking/vacancies/v1"
    for path, status, says in [
        (f"{vacancy}/candidates/xx/why", 422, "participant number (such as 0042-000017)"),
        (f"{vacancy}/candidates/0001-000009/why", 404, "Check the number and the vacancy"),
        (
            f"{vacancy}/candidates/0001-000001/why?state=closed",
            409,
            "which shows how it stands now",
        ),
        (f"{vacancy}/changes", 422, "list, version"),
        (f"{vacancy}/changes?list=skd&version=abc", 422, "right form: version."),
        (f"{vacancy}?version=abc", 422, "right form: version."),
        (f"{vacancy}?list=third", 404, "Ask for one of: skd, final"),
    ]:
        page = await ranking.http.get(path, headers={"Accept-Language": "en"})
        assert (page.status_code, page.headers["content-type"]) == (
            status,
            "text/html; charset=utf-8",
        ), path
        assert says in page.text, path
        assert f'href="{vacancy}?lang=en"' in page.text, path
        assert "`" not in page.text
        assert "GET " not in page.text
        indonesian = await ranking.http.get(path)
        assert f'href="{vacancy}?lang=id">Kembali' in indonesian.text
        assert "Field required" not in page.text + indonesian.text
    for path in (
        "/ranking/vacancies/nowhere",
        "/ranking/vacancies/nowhere/seats.html",
        "/ranking/vacancies/a_b?lang=id",
    ):
        page = await ranking.http.get(path)
        assert page.status_code in {404, 422}
        assert "text/html" in page.headers["content-type"]
        assert "Kembali" not in page.text
    program = await ranking.http.get(f"{vacancy}/candidates/xx/explanation")
    assert (program.status_code, program.json()["type"]) == (
        422,
        "/problems/ranking/invalid-request",
    )


async def test_a_page_that_fails_by_our_fault_is_a_page_too(ranking: ServiceApp) -> None:
    """Where the service is at fault, or the database away, a person reads that in words, with when
    to try again.
    """
    await ranking.hear(*Facts({"v1": 1}).opened())
    url = ranking.app.state.resources.settings.database_url
    owner = await asyncpg.connect(owner_address(url))
    await owner.execute("UPDATE projections.round SET policy = '{}'")
    await owner.close()
    ranking.http._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    page = await ranking.http.get("/ranking/vacancies/v1/seats.html")
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Kesalahan kami" in page.text
