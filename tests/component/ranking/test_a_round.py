"""A round through ranking's own doors: events in, lists over HTTP, closings, and what is stated."""

from shared.contracts.ranking import (
    CandidateSelected,
    CandidateShortlisted,
    StageClosed,
    StandingsRecomputed,
)
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts

OFFICER = ("officer-1", "officer")


async def test_the_first_list_follows_the_decree(ranking: ServiceApp) -> None:
    """Totals order the list, equal totals go by TKP, TIU, TWK; below a threshold is TL, absent TH,
    disqualified DIS, withdrawn APS.
    """
    facts = Facts({"v1": 1})
    await ranking.hear(*facts.opened(), *facts.people("v1", 9))
    await ranking.hear(
        facts.skd("v1", 1, 100, 100, 190),  # 390
        facts.skd("v1", 2, 90, 100, 200),  # 390, more TKP
        facts.skd("v1", 3, 100, 100, 190),  # equal to the first in everything
        facts.skd("v1", 4, 150, 175, 165),  # TKP 165 < 166
        facts.skd("v1", 5, 65, 80, 166),  # 311, just
        facts.missed("v1", "skd", 6),
        facts.skd("v1", 7, 150, 175, 225),
        facts.disqualified("v1", "skd", 7),
        facts.withdrawn("v1", 8),
    )
    answer = await ranking.http.get("/ranking/vacancies/v1/standings")
    assert answer.status_code == 200
    body = answer.json()
    assert [
        (line["rank"], line["participant_no"], line["score"], line["code"], line["equal_with"])
        for line in body["items"]
    ] == [
        (1, "0001-000002", "390", "P/L", 0),
        (2, "0001-000001", "390", "P/L", 1),
        (2, "0001-000003", "390", "P/L", 1),
        (4, "0001-000005", "311", "P", 0),
        (None, "0001-000004", None, "TL", 0),
        (None, "0001-000006", None, "TH", 0),
        (None, "0001-000007", None, "DIS", 0),
        (None, "0001-000008", None, "APS", 0),
        (None, "0001-000009", None, "WAIT", 0),
    ]
    assert body["codes"] == {"APS": 1, "DIS": 1, "P": 1, "P/L": 3, "TH": 1, "TL": 1, "WAIT": 1}
    assert body["cut"] == {"limit": 3, "within": 3, "score": "390"}
    assert body["items"][0]["points"] == {"TWK": "90", "TIU": "100", "TKP": "200"}
    assert body["state"] == "live"


async def test_a_round_from_vacancy_to_seat(ranking: ServiceApp) -> None:
    """Closing fixes codes and states who goes on; the final list integrates both tests by the
    published rounding and seats the first.
    """
    facts = Facts({"v1": 1, "v2": 2}, {"v2": "DISABILITAS"})
    await ranking.hear(*facts.opened(), *facts.people("v1", 5), *facts.people("v2", 2))
    await ranking.hear(*(facts.scheduled(vacancy, "skd") for vacancy in facts.seats))
    officer = ranking.who(*OFFICER)
    refused = await ranking.http.post(f"/ranking/rounds/{ROUND}/stages/skd/close", headers=officer)
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/ranking/stage-incomplete"
    assert "results of 5 candidates are missing" in refused.json()["errors"][0]["reason"]
    await ranking.hear(
        *(facts.skd("v1", candidate, 100, 100, 166 + candidate) for candidate in range(1, 6)),
        facts.closed("v1", "skd", 5),
        facts.skd("v2", 1, 100, 60, 126),  # 286 with TIU 60: passes for this kind of need
        facts.skd("v2", 2, 100, 60, 125),  # 285: below
        facts.closed("v2", "skd", 2),
    )
    closed = await ranking.http.post(f"/ranking/rounds/{ROUND}/stages/skd/close", headers=officer)
    assert closed.status_code == 200, closed.text
    assert closed.json()["codes"] == {"P": 2, "P/L": 4, "TL": 1}
    shortlisted = await ranking.stated(CandidateShortlisted)
    assert [(one.participant_no, one.rank) for one in shortlisted] == [
        ("0001-000005", 1),
        ("0001-000004", 2),
        ("0001-000003", 3),
        ("0002-000001", 1),
    ]
    again = await ranking.http.post(f"/ranking/rounds/{ROUND}/stages/skd/close", headers=officer)
    assert again.json()["type"] == "/problems/ranking/list-closed"
    standings = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert standings["list"] == "final"
    assert standings["codes"] == {"WAIT": 3}

    await ranking.hear(
        *(facts.scheduled(vacancy, "skb") for vacancy in facts.seats),
        facts.skb("v1", 5, "70"),
        facts.skb("v1", 4, "80.5"),
        facts.missed("v1", "skb", 3),
        facts.skb("v2", 1, "55.555"),
        facts.closed("v1", "skb", 2, 1),
        facts.closed("v2", "skb", 1),
    )
    closed = await ranking.http.post(f"/ranking/rounds/{ROUND}/close", headers=officer)
    assert closed.status_code == 200, closed.text
    assert closed.json()["codes"] == {"L": 2, "P": 1, "TH": 1}
    final = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    # 370 / 5.5 = 67.2727… → 67.273; × 0.4 = 26.9092 → 26.909; 80.5 × 0.6 = 48.3; 371 / 5.5 =
    # 67.4545… → 67.455 → 26.982
    assert [
        (line["rank"], line["participant_no"], line["score"], line["code"])
        for line in final["items"]
    ] == [
        (1, "0001-000004", "75.209", "L"),
        (2, "0001-000005", "68.982", "P"),
        (None, "0001-000003", None, "TH"),
    ]
    assert final["state"] == "closed"
    selected = await ranking.stated(CandidateSelected)
    assert [one.participant_no for one in selected] == ["0001-000004", "0002-000001"]
    stages = await ranking.stated(StageClosed)
    assert [(one.vacancy_id, one.list, one.shortlisted) for one in stages] == [
        ("v1", "skd", 3),
        ("v2", "skd", 1),
        ("v1", "final", 1),
        ("v2", "final", 1),
    ]
    digests = {
        (one.vacancy_id, one.list): one.digest for one in await ranking.stated(StandingsRecomputed)
    }
    assert all(digests[one.vacancy_id, one.list] == one.digest for one in stages)
