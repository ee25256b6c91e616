"""What other rules would change: asked by officers, answered from live data, and nothing is
written.
"""

import pytest

from services.ranking.what_if import views as what_if
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts

TABLES = "SELECT count(*), coalesce(sum(hashtext(one::text)), 0) FROM {} AS one"


async def everything(ranking: ServiceApp) -> dict[str, tuple[object, ...]]:
    """Every row of every table of the service's own schemas, in a figure each."""
    names = await ranking.pool.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN"
        " ('public', 'projections', 'messaging')"
    )
    return {
        row["name"]: tuple(*await ranking.pool.fetch(TABLES.format(row["name"]))) for row in names
    }


async def a_round(ranking: ServiceApp) -> None:
    facts = Facts({"v1": 1, "v2": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 5), *facts.people("v2", 4))
    await ranking.hear(*(facts.skd("v1", each, 100, 100, 205 - each) for each in range(1, 6)))
    await ranking.hear(*(facts.skd("v2", each, 100, 95 + 5 * each, 200) for each in range(1, 5)))


async def test_other_seats_and_thresholds(ranking: ServiceApp) -> None:
    """Two seats let two more in; a threshold on TIU moves the other vacancy too; tables stay as
    they were, to the row.
    """
    await a_round(ranking)
    officer = ranking.who("officer-1", "officer")
    before = await everything(ranking)
    path = "/ranking/vacancies/v1/what-if"
    more = await ranking.http.post(path, headers=officer, json={"seats": 2})
    assert more.status_code == 200, more.text
    answer = more.json()
    assert (answer["moved_in"], answer["moved_out"], answer["moved"]) == (2, 0, 2)
    assert (answer["seats_now"], answer["seats_then"], answer["candidates"]) == (1, 2, 5)
    assert (answer["codes_now"], answer["codes_then"]) == ({"P": 2, "P/L": 3}, {"P/L": 5})
    assert answer["items"][0] == {
        "vacancy_id": "v1",
        "participant_no": "0001-000004",
        "way": "in",
        "now": {"rank": 4, "score": "401", "code": "P", "within": False},
        "then": {"rank": 4, "score": "401", "code": "P/L", "within": True},
    }
    other = {"thresholds": [{"of": "TIU", "minimum": "105"}], "seats": {"v2": 2}}
    # a threshold for every kind of need takes the place of those on TIU that some kinds have
    of_round = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/what-if?show=all", headers=officer, json=other
    )
    assert of_round.status_code == 200, of_round.text
    answer = of_round.json()
    assert answer["codes_then"] == {"P/L": 3, "TL": 6}
    assert [(one["participant_no"], one["way"]) for one in answer["items"]] == [
        *((f"0001-00000{each}", "out") for each in (1, 2, 3)),
        *((f"0001-00000{each}", "moved") for each in (4, 5)),
        ("0002-000001", "moved"),
    ]
    assert await everything(ranking) == before
    live = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert live["codes"] == {"P": 2, "P/L": 3}


async def test_an_answer_pages(ranking: ServiceApp) -> None:
    """Every mover once, by vacancy and number, whatever the size of a page."""
    await a_round(ranking)
    officer = ranking.who("officer-1", "officer")
    seen: list[str] = []
    cursor = ""
    while True:
        query = {"limit": "1", "show": "all"} | ({"cursor": cursor} if cursor else {})
        question = {"thresholds": [{"of": "TIU", "minimum": "105"}]}
        answer = await ranking.http.post(
            f"/ranking/rounds/{ROUND}/what-if", headers=officer, params=query, json=question
        )
        assert answer.status_code == 200, answer.text
        seen += [one["participant_no"] for one in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == answer.json()["moved"]


async def test_questions_that_make_no_sense(
    ranking: ServiceApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy that does not hold together, things that are not there, too many at once: each
    refused in words; others than officers too.
    """
    await a_round(ranking)
    officer = ranking.who("officer-1", "officer")
    vacancy, of_round = "/ranking/vacancies/v1/what-if", f"/ranking/rounds/{ROUND}/what-if"
    weights = await ranking.http.post(
        vacancy, headers=officer, json={"list": "final", "weights": {"skd": "55"}}
    )
    assert weights.status_code == 422
    assert weights.json()["type"] == "/problems/ranking/policy-does-not-hold"
    assert "the weights sum to 115 %, not 100 %" in weights.json()["errors"][0]["reason"]
    for path, question, status, problem in [
        (vacancy, {"weights": {"interview": "10"}}, 422, "policy-does-not-hold"),
        (vacancy, {"list": "third"}, 404, "unknown-list"),
        (vacancy, {"seats": 0}, 422, "invalid-request"),
        (vacancy, {"weights": {"skd": 0.5}}, 422, "invalid-request"),
        (vacancy, {"wieghts": {}}, 422, "invalid-request"),
        ("/ranking/vacancies/nowhere/what-if", {}, 404, "unknown-vacancy"),
        ("/ranking/rounds/other/what-if", {}, 404, "unknown-round"),
        (of_round, {"seats": {"v9": 2}}, 404, "unknown-vacancy"),
        (of_round + "?cursor=nonsense", {}, 400, "bad-cursor"),
    ]:
        answer = await ranking.http.post(path, headers=officer, json=question)
        assert (answer.status_code, answer.json()["type"]) == (
            status,
            f"/problems/ranking/{problem}",
        ), question
    monkeypatch.setattr(what_if, "MOST_CANDIDATES", 8)
    large = await ranking.http.post(of_round, headers=officer, json={})
    assert large.json()["type"] == "/problems/ranking/question-too-large"
    assert (await ranking.http.post(vacancy, json={})).status_code == 401
    assert (
        await ranking.http.post(vacancy, headers=ranking.who("x", "verifier"), json={})
    ).status_code == 403
