"""Genuine lists of small made-up rounds, under many policies."""

import random
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from shared.policies import Policy, PolicyError, bundled_ids, load, read_file
from tests.unit.services.ranking.published import Vacancy, composed
from tests.verifiers.files import File, Json

TEACHERS = (
    Path(__file__).parents[1] / "unit/services/ranking/merit/golden/teachers-2022.policy.toml"
)


@lru_cache
def laws() -> list[Policy]:
    """The policies that come with the program, one with bonuses, and some that differ a little."""
    known = [*map(load, bundled_ids()), read_file(TEACHERS)]
    return known + [law for policy in known for law in _varied(policy)]


def _varied(policy: Policy) -> Iterator[Policy]:
    """The same without a cut, with all equals admitted, rounded otherwise, or scores alone."""
    for change in VARIATIONS:
        law = deepcopy(policy.as_json())
        law["id"] = "varied"
        change(law)
        try:
            yield Policy.model_validate(law)
        except (ValueError, PolicyError):
            continue


def _no_cut(law: Json) -> None:
    law["lists"][-1].pop("cut", None)


def _all_admitted(law: Json) -> None:
    law["lists"][-1]["cut"]["equals_at_the_limit"] = "all-admitted"


def _other_rounding(law: Json) -> None:
    for listed in law["lists"]:
        score = listed["score"]
        score["rounding"] = "end" if score["rounding"] == "each-step" else "each-step"
        score["decimals"] = 2


def _scores_alone(law: Json) -> None:
    law["publication"]["level"] = "scores"


def _last_stage_alone(law: Json) -> None:
    stage = law["lists"][-1]["stage"]
    law["lists"][-1]["score"]["terms"] = [{"stage": stage, "divisor": "2", "weight": "100"}]


def _bonus_of_a_fact(law: Json) -> None:
    component = law["stages"][0]["components"][0]
    bonus = {
        "name": {"id": "indeks prestasi", "en": "grades"},
        "component": component["code"],
        "points": component["step"],
        "ceiling": component["maximum"],
        "of": "gpa",
        "at_least": "3.5",
        "authority": component["authority"],
    }
    law["stages"][0]["bonuses"] = [*law["stages"][0].get("bonuses", []), bonus]


VARIATIONS = (
    _no_cut,
    _all_admitted,
    _other_rounding,
    _scores_alone,
    _last_stage_alone,
    _bonus_of_a_fact,
)


def genuine(chance: random.Random) -> File:
    """A round of one to three vacancies of few people with few different points."""
    law = chance.choice(laws())
    vacancies = [_vacancy(law, number, chance) for number in range(1, chance.randint(1, 3) + 1)]
    leaves = [leaf.model_dump() for leaf in composed(law, vacancies)[0]]
    if chance.random() < 0.2:
        leaves = _corrected(law, vacancies, leaves, chance)
    return File(law.as_json(), leaves, {})


def _corrected(
    law: Policy, vacancies: Sequence[Vacancy], leaves: list[Json], chance: random.Random
) -> list[Json]:
    """The last lists as corrections to some points made them; those before stay as they were.

    Where the lists before would have admitted others the file is wrong.
    """
    for vacancy in vacancies:
        vacancy.people = [_with_other_points(law, person, chance) for person in vacancy.people]
    last = law.lists[-1].code
    later = [leaf.model_dump() for leaf in composed(law, vacancies)[0]]
    mixed = []
    for vacancy_id in dict.fromkeys(leaf["vacancy_id"] for leaf in leaves):
        mixed += [leaf for leaf in leaves if _before(leaf, vacancy_id, last)]
        mixed += [
            leaf for leaf in later if leaf["vacancy_id"] == vacancy_id and leaf.get("list") == last
        ]
    return mixed


def _before(leaf: Json, vacancy_id: str, last: str) -> bool:
    return leaf["vacancy_id"] == vacancy_id and leaf.get("list") != last


def _with_other_points(law: Policy, person: Candidate, chance: random.Random) -> Candidate:
    if chance.random() < 0.6:
        return person
    results = dict(person.results)
    for stage in law.stages:
        result = results[stage.code]
        if result.points and chance.random() < 0.7:
            points = dict(result.points)
            component = chance.choice([part for part in stage.stated if part.code in points])
            share = chance.choice((2, 7, 19))
            points[component.code] = component.step * int(
                component.maximum / component.step * share
            )
            results[stage.code] = StageResult(result.outcome, points)
    return replace(person, results=results)


def _vacancy(law: Policy, number: int, chance: random.Random) -> Vacancy:
    need = chance.choice(sorted(law.needs))
    people = [
        _person(law, need, f"{number:04d}-{index:06d}", index, chance)
        for index in range(1, chance.randint(0, 7) + 1)
        if chance.random() < 0.95
    ]
    return Vacancy(need, chance.randint(1, 3), people)


def _person(law: Policy, need: str, number: str, index: int, chance: random.Random) -> Candidate:
    results = {stage.code: _result(stage, need, chance) for stage in law.stages}
    return Candidate(
        number,
        verified=True,
        withdrawn=chance.random() < 0.05,
        results=results,
        decided={law.lists[-1].code: index},
        gpa=chance.choice([None, Decimal("3.10"), Decimal("3.9")]),
        birth_date=chance.choice([None, date(1990, 2, 3), date(1999, 5, 17)]),
        relevant_experience_months=chance.choice([None, 0, 40, 200]),
        education=chance.choice([None, "?", *(level.code for level in law.education)]),
        priority=chance.choice([None, *(group.code for group in law.priority_groups)]),
    )


def _result(stage: Any, need: str, chance: random.Random) -> StageResult:
    if chance.random() < 0.1:
        return StageResult(chance.choice([Outcome.MISSED, Outcome.DISQUALIFIED]), {})
    points = {
        component.code: component.step
        * int(component.maximum / component.step * chance.choice((7, 10, 17, 18, 20)) / 20)
        for component in stage.stated
        if component.of_need(need)
    }
    return StageResult(Outcome.SCORED, points)
