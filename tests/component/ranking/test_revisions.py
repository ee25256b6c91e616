"""Corrections after a list was fixed make a revision of it.

With a public list of who moved and why.
"""

from datetime import date
from typing import Any

from services.ranking.lists.usecases.make_revisions import make_owed_revisions
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_closing import FINAL, shortlisted, state

LISTS = "/ranking/vacancies/v1/lists/final/versions"


async def revise(ranking: ServiceApp) -> None:
    """The worker's duties: what is owed is stated, and kept beside what was fixed."""
    ranking.clock.advance(seconds=2)
    await state(ranking)
    await make_owed_revisions(ranking.pool, ranking.clock)


async def get(ranking: ServiceApp, path: str, **query: str) -> dict[str, Any]:
    answer = await ranking.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_corrected_score_makes_a_version_beside_the_fixed_list(ranking: ServiceApp) -> None:
    """The second is first now: both lists say so, each in its own version.

    With the event that did it. What was fixed stays to the byte.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "80", 3: "70"})
    assert (
        await ranking.http.post(FINAL, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    fixed = await get(ranking, "/ranking/vacancies/v1/standings")
    before = await ranking.pool.fetch("SELECT * FROM closed_line ORDER BY list, place")
    await revise(ranking)
    versions = await get(ranking, LISTS)
    assert [(item["kind"], item["version"]) for item in versions["items"]] == [
        ("fixed", fixed["version"])
    ]

    corrected = ranking.event(facts.skb("v1", 2, "95", corrected=True))
    await ranking.hear(corrected)
    await revise(ranking)
    await revise(ranking)  # once is enough
    versions = await get(ranking, LISTS)
    first, second = versions["items"]
    assert (second["kind"], second["follows"], second["version"]) == (
        "beside",
        fixed["version"],
        fixed["version"] + 1,
    )
    assert (second["moved"], second["moved_in"], second["moved_out"]) == (2, 1, 1)
    assert (first["cut_score"], second["cut_score"]) == ("83.091", "86.091")
    changes = await get(ranking, f"{LISTS}/{second['version']}/changes")
    assert changes["items"] == [
        {
            "participant_no": "0001-000001",
            "way": "out",
            "was": {"rank": 1, "score": "83.091", "code": "L", "within": True},
            "now": {"rank": 2, "score": "83.091", "code": "P", "within": False},
            "reasons": [],
        },
        {
            "participant_no": "0001-000002",
            "way": "in",
            "was": {"rank": 2, "score": "77.091", "code": "P", "within": False},
            "now": {"rank": 1, "score": "86.091", "code": "L", "within": True},
            "reasons": [
                {
                    "type": "ExamScoreCorrected",
                    "event_id": str(corrected.id),
                    "stage": "skb",
                    "components": ["SKB"],
                }
            ],
        },
    ]
    assert await get(ranking, "/ranking/vacancies/v1/standings") == fixed
    assert await ranking.pool.fetch("SELECT * FROM closed_line ORDER BY list, place") == before
    stated = await get(ranking, "/ranking/vacancies/v1/standings", state="live")
    assert stated["version"] == second["version"]

    # the correction is taken back: a third version says that nothing differs any more
    await ranking.hear(facts.skb("v1", 2, "80", corrected=True))
    await revise(ranking)
    third = (await get(ranking, LISTS))["items"][-1]
    assert (third["version"], third["moved"], third["digest"]) == (
        second["version"] + 1,
        0,
        first["digest"],
    )
    page = await get(ranking, LISTS, limit="1")
    assert [item["version"] for item in page["items"]] == [first["version"], second["version"]]
    assert (await get(ranking, LISTS, limit="1", cursor=page["next"]))["items"] == [third]


async def test_personal_facts_and_disqualifications(ranking: ServiceApp) -> None:
    """A mark that was corrected is a reason without its value.

    A disqualification and a withdrawal are told by their events.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "80", 2: "80", 3: "80", 4: "70"})
    for candidate, gpa in enumerate(("3.90", "3.50", "3.10"), 1):
        await ranking.hear(*facts.applied("v1", candidate, gpa=gpa)[1:])
    assert (
        await ranking.http.post(FINAL, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    ranking.clock.advance(days=1)
    await ranking.hear(*facts.applied("v1", 3, gpa="3.97", born=date(1990, 1, 1))[1:])
    await ranking.hear(facts.disqualified("v1", "skb", 1), facts.withdrawn("v1", 4))
    await revise(ranking)
    version = (await get(ranking, LISTS))["items"][-1]["version"]
    answer = await ranking.http.get(f"{LISTS}/{version}/changes", params={"limit": 2})
    assert not [
        secret for secret in ("3.9", "3.1", "1990", "1999", "gpa", "birth") if secret in answer.text
    ]
    rest = await get(ranking, f"{LISTS}/{version}/changes", cursor=answer.json()["next"])
    told = {item["participant_no"][-1]: item for item in answer.json()["items"] + rest["items"]}
    assert {
        number: (item["way"], [reason["type"] for reason in item["reasons"]])
        for number, item in told.items()
    } == {
        "1": ("out", ["CandidateDisqualified"]),
        "3": ("in", ["ApplicantFactsStated"]),
        "4": ("moved", ["ApplicationWithdrawn"]),
    }


async def test_an_earlier_list_has_versions_of_its_own(ranking: ServiceApp) -> None:
    """A score that is corrected after both lists were fixed moves both.

    Each by its own reason. The score is of the first test.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "80"})
    assert (
        await ranking.http.post(FINAL, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    await ranking.hear(facts.skd("v1", 2, 100, 100, 150, corrected=True))
    await revise(ranking)
    for list_code in ("skd", "final"):
        path = LISTS.replace("final", list_code)
        version = (await get(ranking, path))["items"][-1]["version"]
        changes = await get(ranking, f"{path}/{version}/changes")
        by_number = {item["participant_no"]: item for item in changes["items"]}
        assert by_number["0001-000002"]["now"]["code"] == "TL"
        assert [reason["components"] for reason in by_number["0001-000002"]["reasons"]] == [["TKP"]]


async def test_what_has_no_versions(ranking: ServiceApp) -> None:
    """A list that nobody fixed, a version that is not there, cursors that make no sense."""
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90"})
    for path, status, problem in [
        (LISTS, 409, "not-closed"),
        (LISTS.replace("final", "third"), 404, "unknown-list"),
        (LISTS.replace("v1", "nowhere"), 404, "unknown-vacancy"),
        (f"{LISTS.replace('final', 'skd')}/77/changes", 404, "unknown-version"),
        (f"{LISTS.replace('final', 'skd')}?cursor=nonsense", 400, "bad-cursor"),
    ]:
        answer = await ranking.http.get(path)
        assert (answer.status_code, answer.json()["type"]) == (
            status,
            f"/problems/ranking/{problem}",
        ), path
    view = await get(ranking, LISTS.replace("final", "skd"))
    assert view["round_id"] == ROUND
    assert len(view["items"]) == 1


async def test_a_code_for_what_is_not_decided_is_a_word_of_the_reader(ranking: ServiceApp) -> None:
    """A correction makes people equal at the last seat.

    The page of who would move says so in Indonesian and in English.
    """
    facts = Facts({"v1": 1})
    await shortlisted(ranking, facts, {1: "90", 2: "80", 3: "80"})
    assert (
        await ranking.http.post(FINAL, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    await ranking.hear(facts.skb("v1", 1, "80", corrected=True))
    await revise(ranking)
    version = (await get(ranking, LISTS))["items"][-1]["version"]
    path = f"/ranking/vacancies/v1/changes?list=final&version={version}"
    assert "BELUM DIPUTUSKAN" in (await ranking.http.get(path)).text
    assert "UNDECIDED" in (await ranking.http.get(f"{path}&lang=en")).text
