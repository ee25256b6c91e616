"""Files and service can't differ: the same candidates through events into PostgreSQL, and through
`terang rank`'s files.
"""

import csv
import io
import random
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from services.ranking.files.rank_files import rank_files
from services.ranking.merit.domain.list_rules import rules_of
from services.ranking.merit.domain.merit_key import before_decision
from shared.contracts.fields import Fact
from shared.policies import load
from tests.component.conftest import ServiceApp
from tests.component.ranking.conftest import ROUND, Facts, number

NEEDS = {"v1": "UMUM", "v2": "CUMLAUDE", "v3": "DISABILITAS"}
SEATS = {"v1": 3, "v2": 2, "v3": 4}
EACH = 40
POLICY = load("national-cpns-2024")

Person = dict[str, str]


def crowd(source: random.Random) -> list[Person]:
    """Made-up people, many alike; some absent, some disqualified, some with unknown facts."""
    people = []
    for vacancy in NEEDS:
        for candidate in range(1, EACH + 1):
            points = source.choice(
                [(100, 100, 180), (95, 105, 180), (100, 105, 175), (65, 80, 166), (60, 80, 200)]
            )
            absent, out = source.random() < 0.1, source.random() < 0.05
            people.append(
                {
                    "participant_no": number(vacancy, candidate),
                    "vacancy_id": vacancy,
                    **{
                        code: "" if absent else str(value)
                        for code, value in zip(("TWK", "TIU", "TKP"), points, strict=True)
                    },
                    "SKB": source.choice(["", "70", "70", "70.001", "66.666"]),
                    "gpa": source.choice(["", "3.50", "3.51"]),
                    "birth_date": source.choice(["", "1999-05-17", "1998-01-01"]),
                    "disqualified": "true" if out else "",
                }
            )
    return people


def lines_of(people: list[Person], stage: str, folder: Path) -> list[dict[str, str]]:
    """What the files come to."""
    (folder / "vacancies.csv").write_text(
        "vacancy_id,need,seats\n" + "".join(f"{one},{NEEDS[one]},{SEATS[one]}\n" for one in NEEDS)
    )
    with (folder / "candidates.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(people[0]))
        writer.writeheader()
        writer.writerows(people)
    one = POLICY.list_called(stage)
    assert one is not None
    out = io.BytesIO()
    rank_files(POLICY, one, folder / "vacancies.csv", folder / "candidates.csv", out=out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode())))


async def standings(ranking: ServiceApp, stage: str) -> list[tuple[Any, ...]]:
    """Every line as the service shows it, with what decided between it and the line above."""
    found = []
    for vacancy, need in NEEDS.items():
        rows = await ranking.pool.fetch(
            "SELECT participant_no, gate, merit_key FROM standing WHERE vacancy_id = $1 AND list"
            " = $2 ORDER BY merit_key",
            vacancy,
            stage,
        )
        rules = rules_of(POLICY.model_dump_json(), need, "5e" * 32)[stage]
        ranked = [row for row in rows if row["gate"] == 0]
        parted = {ranked[0]["participant_no"]: ""} if ranked else {}
        for above, below in pairwise(ranked):
            field = rules.deciding_field(
                before_decision(above["merit_key"]), before_decision(below["merit_key"])
            )
            parted[below["participant_no"]] = "" if field == "score" else field or "equal"
        cursor = None
        while True:
            asked = {"list": stage, "limit": "25"} | ({"cursor": cursor} if cursor else {})
            page = (
                await ranking.http.get(f"/ranking/vacancies/{vacancy}/standings", params=asked)
            ).json()
            found += [
                (
                    vacancy,
                    line["rank"],
                    line["participant_no"],
                    line["score"],
                    line["code"],
                    parted.get(line["participant_no"], ""),
                )
                for line in page["items"]
            ]
            cursor = page["next"]
            if cursor is None:
                break
    return found


def as_the_service(lines: list[dict[str, str]], score: str) -> set[tuple[Any, ...]]:
    return {
        (
            line["vacancy_id"],
            int(line["rank"]) if line["rank"] else None,
            line["participant_no"],
            line[score] or None,
            line["code"],
        )
        for line in lines
    }


def partings(lines: list[tuple[Any, Any, str]]) -> list[tuple[Any, Any, str]]:
    """Of each rank, what parted it and its equals from the line above; which of the equals comes
    first, only a round's seed says.
    """
    return sorted((vacancy, rank, parted) for vacancy, rank, parted in lines if rank)


async def test_the_service_and_the_files_give_the_same_lines(
    ranking: ServiceApp, tmp_path: Path
) -> None:
    """Ranks, scores, codes and deciding fields of every candidate, on the first list and, once it
    is closed, on the last.
    """
    people = crowd(random.Random(47))
    facts = Facts(SEATS, NEEDS)
    learnt: list[Fact] = [*facts.opened()]
    for person in people:
        vacancy, candidate = person["vacancy_id"], int(person["participant_no"][-6:])
        born = date.fromisoformat(person["birth_date"]) if person["birth_date"] else None
        learnt += facts.applied(vacancy, candidate, gpa=person["gpa"] or None, born=born)
        learnt.append(facts.verified(vacancy, candidate))
    learnt += [facts.registered(vacancy, EACH) for vacancy in NEEDS]
    learnt += [facts.scheduled(vacancy, "skd") for vacancy in NEEDS]
    await ranking.hear(*learnt)
    sat: list[Fact] = []
    for person in people:
        vacancy, candidate = person["vacancy_id"], int(person["participant_no"][-6:])
        if person["disqualified"]:
            sat.append(facts.disqualified(vacancy, "skd", candidate))
        elif not person["TWK"]:
            sat.append(facts.missed(vacancy, "skd", candidate))
        else:
            sat.append(
                facts.skd(
                    vacancy, candidate, *(int(person[code]) for code in ("TWK", "TIU", "TKP"))
                )
            )
    await ranking.hear(*sat)
    for vacancy in NEEDS:
        own = [person for person in people if person["vacancy_id"] == vacancy]
        out = sum(bool(person["disqualified"]) for person in own)
        missed = sum(not person["TWK"] and not person["disqualified"] for person in own)
        await ranking.hear(facts.closed(vacancy, "skd", EACH - out - missed, missed, out))

    lines = lines_of(people, "skd", tmp_path)
    shown = await standings(ranking, "skd")
    assert as_the_service(lines, "stage_score") == {line[:5] for line in shown}
    assert partings(
        [(line["vacancy_id"], int(line["rank"] or 0), line["decided_by"]) for line in lines]
    ) == partings([(line[0], line[1], line[5]) for line in shown])
    assert {"TL", "TH", "DIS", "P", "P/L"} == {line["code"] for line in lines}
    assert {"", "TKP", "TIU", "equal"} <= {line["decided_by"] for line in lines}

    closed = await ranking.http.post(
        f"/ranking/rounds/{ROUND}/stages/skd/close", headers=ranking.who("officer-1", "officer")
    )
    assert closed.status_code == 200, closed.text
    admitted = {line["participant_no"] for line in lines if line["code"] == "P/L"}
    await ranking.hear(*(facts.scheduled(vacancy, "skb") for vacancy in NEEDS))
    for person in people:
        if person["participant_no"] in admitted:
            vacancy, candidate = person["vacancy_id"], int(person["participant_no"][-6:])
            points = person["SKB"]
            await ranking.hear(
                facts.skb(vacancy, candidate, points)
                if points
                else facts.missed(vacancy, "skb", candidate)
            )

    lines = [
        line for line in lines_of(people, "final", tmp_path) if line["participant_no"] in admitted
    ]
    shown = await standings(ranking, "final")
    assert as_the_service(lines, "final_score") == {line[:5] for line in shown}
    assert partings(
        [(line["vacancy_id"], int(line["rank"] or 0), line["decided_by"]) for line in lines]
    ) == partings([(line[0], line[1], line[5]) for line in shown])
    assert {"L", "P", "TH"} <= {line["code"] for line in lines}
    assert {"gpa", "birth_date"} & {line["decided_by"] for line in lines}
