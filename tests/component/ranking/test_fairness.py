"""The fairness report of a round, as anyone may read it."""

from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts
from tests.component.ranking.test_closing import SKD

PATH = f"/ranking/rounds/{ROUND}/fairness"


async def test_figures_come_with_the_fixed_list(ranking: ServiceApp) -> None:
    """Nothing while the list is open; then by kind of need, the small one merged.

    The half that needs ratings says that they are missing.
    """
    facts = Facts({"v1": 1, "v2": 1, "v3": 1}, {"v2": "CUMLAUDE", "v3": "PAPUA"})
    people = {"v1": 8, "v2": 6, "v3": 2}
    await ranking.hear(*facts.opened())
    for vacancy, many in people.items():
        await ranking.hear(*facts.people(vacancy, many), facts.scheduled(vacancy, "skd"))
        await ranking.hear(
            *(
                facts.skd(vacancy, number, 100, 80 if number % 2 else 100, 200 - number)
                for number in range(1, many)
            ),
            facts.missed(vacancy, "skd", many),
            facts.closed(vacancy, "skd", many - 1, 1),
        )
    open_ = (await ranking.http.get(PATH)).json()
    assert [
        (policy_list["list"], policy_list["fixed"], policy_list["groups"])
        for policy_list in open_["lists"]
    ] == [
        ("skd", False, []),
        ("final", False, []),
    ]
    assert open_["validity"]["available"] is False
    assert "ratings" in open_["validity"]["needs"]
    assert (
        await ranking.http.post(SKD, headers=ranking.who("officer-1", "officer"))
    ).status_code == 200
    first = (await ranking.http.get(PATH)).json()["lists"][0]
    assert first["fixed"] is True
    # UMUM: 7 sat and passed, 3 within; CUMLAUDE: 5 sat, TIU 80 fails three; PAPUA: 1 sat, so it
    # joins the next larger
    assert [
        (group["needs"], group["tested"], group["passed"]["count"], group["within"]["count"])
        for group in first["groups"]
    ] == [
        (["UMUM"], 7, 7, 3),
        (["CUMLAUDE", "PAPUA"], 6, 3, 3),
    ]
    assert first["groups"][1]["passed"] == {
        "count": 3,
        "share": "0.5000",
        "low": "0.1876",
        "high": "0.8124",
    }
    assert (await ranking.http.get("/ranking/rounds/other/fairness")).status_code == 404
