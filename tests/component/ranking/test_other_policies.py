"""Rounds under other policies than the national one for civil servants: priority before score, and
what the policy keeps to itself.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from typing_extensions import override

from shared.contracts.applications import ApplicantFactsStated, RoundOpened
from shared.contracts.exams import ExamScored
from shared.contracts.fields import Fact
from shared.contracts.ranking import CandidateSelected, StageClosed
from shared.policies import load
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts

OFFICER = ("officer-1", "officer")


@dataclass
class Under(Facts):
    """The facts of a round under any policy."""

    policy_id: str = "national-pppk-2024"

    @override
    def round(self) -> RoundOpened:
        policy = load(self.policy_id)
        law = {"policy_id": policy.id, "policy_version": policy.version, "policy": policy.as_json()}
        return super().round().model_copy(update={**law, "policy_hash": policy.hash()})

    def scored(self, vacancy: str, stage: str, candidate: int, **points: str) -> Fact:
        return ExamScored(
            **self._sat(vacancy, stage, candidate),
            points={code: Decimal(value) for code, value in points.items()},
        )

    def stated(self, vacancy: str, candidate: int, **facts: Any) -> Fact:
        known = {"education_level": "S-1/Sarjana", "birth_date": date(1990, 1, candidate)}
        return ApplicantFactsStated(**self.who(vacancy, candidate), **(known | facts))


def pppk(technical: int) -> dict[str, str]:
    return {"TEKNIS": str(technical), "MANAJERIAL": "80", "SOSIOKULTURAL": "60", "WAWANCARA": "30"}


async def test_priority_goes_before_any_score(ranking: ServiceApp) -> None:
    """Places, neighbours, the cut and the closed list all count priority first, and codes carry the
    group's own.
    """
    facts = Under({"v1": 2})
    await ranking.hear(*facts.opened(), *facts.people("v1", 5), facts.scheduled("v1", "kompetensi"))
    await ranking.hear(
        facts.stated("v1", 2, priority="R4"),
        facts.stated("v1", 3, priority="R3"),
        facts.stated("v1", 4, priority="R3"),
        facts.stated("v1", 5, priority="R3"),
        *(
            facts.scored("v1", "kompetensi", n, **pppk(technical))
            for n, technical in enumerate((450, 400, 5, 300, 5), 1)
        ),
        facts.closed("v1", "kompetensi", 5),
    )
    body = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
    assert [
        (line["rank"], line["participant_no"][-1], line["score"], line["code"])
        for line in body["items"]
    ] == [
        (1, "4", "470", "R3/L"),
        (2, "3", "175", "R3/L"),  # equal to the fifth in all, and older by two days
        (3, "5", "175", "R3"),
        (4, "2", "570", "R4"),
        (5, "1", "620", "P"),
    ]
    assert body["cut"] == {"limit": 2, "within": 2, "score": "175"}
    place = (await ranking.http.get("/ranking/vacancies/v1/candidates/0001-000002")).json()
    assert (place["rank"], place["above"]["participant_no"], place["below"]["participant_no"]) == (
        4,
        "0001-000005",
        "0001-000001",
    )
    assert place["below"]["score"] == "620"
    closed = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/close", headers=ranking.who(*OFFICER)
    )
    assert closed.status_code == 200, closed.text
    selected = await ranking.stated(CandidateSelected)
    assert [(one.participant_no[-1], one.rank, one.code) for one in selected] == [
        ("4", 1, "R3/L"),
        ("3", 2, "R3/L"),
    ]
    (ended,) = await ranking.stated(StageClosed)
    assert (ended.codes, ended.shortlisted) == ({"L": 2, "P": 3}, 2)
    lines = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()["items"]
    assert [line["code"] for line in lines] == ["R3/L", "R3/L", "R3", "R4", "P"]


async def test_evidence_counts_and_corrections_of_facts_move_a_place(ranking: ServiceApp) -> None:
    """Medan: points for education and experience follow from facts; when a verifier states others,
    the place follows.
    """
    facts = Under({"v1": 1}, policy_id="local-medan")
    await ranking.hear(*facts.opened(), *facts.people("v1", 2), facts.scheduled("v1", "tes"))
    await ranking.hear(
        facts.stated("v1", 1, relevant_experience_months=96),
        facts.stated("v1", 2, relevant_experience_months=24),
        *(facts.scored("v1", "tes", n, TES="80") for n in (1, 2)),
        facts.closed("v1", "tes", 2),
    )
    officer = ranking.who(*OFFICER)
    closed = await ranking.http.post(f"/ranking/rounds/{ROUND}/stages/tes/close", headers=officer)
    assert closed.status_code == 200, closed.text
    await ranking.hear(
        *(facts.scored("v1", "penilaian", n, INTERPERSONAL="70", REKAM_JEJAK="60") for n in (1, 2)),
    )

    async def order() -> list[tuple[str, str]]:
        body = (await ranking.http.get("/ranking/vacancies/v1/standings?list=final")).json()
        return [(line["participant_no"][-1], line["score"]) for line in body["items"]]

    # 80 x 0.3 + 80 x 0.15 + 100 x 0.2 + 70 x 0.15 + 60 x 0.2 = 78.5; with 40 for experience 66.5
    assert await order() == [("1", "78.500"), ("2", "66.500")]
    await ranking.hear(facts.stated("v1", 1, relevant_experience_months=12))
    assert await order() == [("2", "66.500"), ("1", "62.500")]


async def test_points_that_a_policy_does_not_publish_are_not_shown(ranking: ServiceApp) -> None:
    """Kasemen's interviews and psychological assessments: the score is shown, its parts are not."""
    facts = Under({"v1": 1}, policy_id="local-kasemen")
    await ranking.hear(
        *facts.opened(),
        *facts.people("v1", 1),
        facts.scored("v1", "kompetensi", 1, KOMPETENSI="80"),
    )
    (line,) = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()["items"]
    assert (line["score"], line["points"]) == ("80", {})
    place = (await ranking.http.get("/ranking/vacancies/v1/candidates/0001-000001")).json()
    assert (place["score"], place["points"], place["gates"]) == ("80", {}, [])


async def test_a_tie_is_decided_on_a_policys_only_list(ranking: ServiceApp) -> None:
    """Nothing of the round is fixed yet: the officer's order counts at once, and still does when
    facts of those who are equal come again.
    """
    facts = Under({"v1": 1})
    same_day = {"birth_date": date(1990, 1, 1)}
    await ranking.hear(*facts.opened(), *facts.people("v1", 3), facts.scheduled("v1", "kompetensi"))
    await ranking.hear(
        *(facts.stated("v1", n, **same_day) for n in (1, 2, 3)),
        *(facts.scored("v1", "kompetensi", n, **pppk(400 if n < 3 else 300)) for n in (1, 2, 3)),
        facts.closed("v1", "kompetensi", 3),
    )
    officer = ranking.who(*OFFICER)
    decision = {
        "list": "final",
        "order": ["0001-000002", "0001-000001"],
        "reason": "Undian, berita acara 1",
    }
    decided = await ranking.decide("/ranking/vacancies/v1/ties", decision)
    assert decided.status_code == 200, decided.text

    async def order() -> list[tuple[int, str, str]]:
        body = (await ranking.http.get("/ranking/vacancies/v1/standings")).json()
        return [(line["rank"], line["participant_no"][-1], line["code"]) for line in body["items"]]

    assert await order() == [(1, "2", "L"), (2, "1", "P"), (3, "3", "P")]
    await ranking.hear(facts.stated("v1", 2, **same_day, priority="R4"))
    await ranking.hear(facts.stated("v1", 2, **same_day))
    assert await order() == [(1, "2", "L"), (2, "1", "P"), (3, "3", "P")]
    closed = await ranking.http.post(f"/ranking/rounds/{ROUND}/close", headers=officer)
    assert closed.status_code == 200, closed.text
    assert [one.participant_no[-1] for one in await ranking.stated(CandidateSelected)] == ["2"]
