"""Candidates in columns get the same gates, scores and keys as candidates one by one."""

import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from services.ranking.files.evaluation import in_columns, one_by_one
from services.ranking.files.kinds import CandidateKinds
from services.ranking.files.order import Column
from services.ranking.merit.domain.list_rules import rules_of
from services.ranking.merit.domain.standing import Gate
from shared.policies import Policy, bundled_ids, load, read_file
from tests.unit.services.ranking.merit.test_golden import FOLDER
from tests.unit.services.ranking.merit.test_list_rules import across_stages

COUNT = 400


def policy_called(policy_id: str) -> Policy:
    if policy_id == "across-stages":
        return Policy.model_validate_json(across_stages())
    path = FOLDER / f"{policy_id}.policy.toml"
    return read_file(path) if path.exists() else load(policy_id)


def columns_of(
    policy: Policy, need: str, source: random.Random
) -> dict[str, tuple[Sequence[object], Column]]:
    """Columns of made-up people: few different results, so that many are equal; some absent, some
    disqualified, facts unknown.
    """
    values: dict[str, list[object]] = {
        "gpa": [Decimal("3.5"), Decimal("3.51")],
        "birth_date": [date(1999, 1, 1), date(1999, 1, 2)],
        "relevant_experience_months": [0, 11, 12, 59, 60, 200],
        "education": [word for level in policy.education for word in (level.code, *level.labels)],
        "priority": [group.code for group in policy.priority_groups],
        "disqualified": [
            False,
            False,
            False,
            False,
            True,
            *(stage.code for stage in policy.stages),
        ],
    }
    for stage in policy.stages:
        for component in stage.stated:
            if component.of_need(need):
                steps = int(component.maximum / component.step)
                some = [
                    steps,
                    steps - 1,
                    steps * 3 // 4,
                    *(source.randrange(steps + 1) for _ in range(3)),
                ]
                values[component.code] = [str(step * component.step) for step in some]
    columns: dict[str, tuple[Sequence[object], Column]] = {}
    for name, known_values in values.items():
        often = 0.02 if name.isupper() else 0.3
        codes = [
            0
            if not known_values or source.random() < often
            else source.randrange(len(known_values)) + 1
            for _ in range(COUNT)
        ]
        if name == "disqualified":
            codes = [code if source.random() < 0.2 else 0 for code in codes]
        columns[name] = ([None, *known_values], np.array(codes, dtype=np.int64))
    return columns


@pytest.mark.parametrize("policy_id", [*bundled_ids(), "teachers-2022", "across-stages"])
def test_in_columns_as_one_by_one(policy_id: str) -> None:
    """For every list and kind of need of every policy: gate, priority, score, own total and every
    field of the key.
    """
    policy = policy_called(policy_id)
    source = random.Random(2024)
    gates: set[int] = set()
    for policy_list in policy.lists:
        for need in policy.needs:
            rules = rules_of(policy.model_dump_json(), need, "")[policy_list.code]
            assert rules.fits_columns
            columns = columns_of(policy, need, source)
            kinds = CandidateKinds(policy, policy_list, need, policy.stages[0].code, columns, COUNT)
            together, apart = in_columns(rules, kinds), one_by_one(rules, kinds)
            for name in ("gate", "priority", "score", "total"):
                assert np.array_equal(getattr(together, name), getattr(apart, name)), (
                    policy_list.code,
                    need,
                    name,
                )
            ranked = apart.gate == Gate.RANKED
            for (name, _), here, there in zip(
                rules.fields, together.fields, apart.fields, strict=False
            ):
                assert np.array_equal(here[ranked], there[ranked]), (policy_list.code, need, name)
            assert (
                len(together.fields) == len(apart.fields) == len(rules.fields) - 1
            )  # but for an officer's decision
            gates |= {*together.gate.tolist()}
    assert {Gate.RANKED, Gate.ABSENT, Gate.DISQUALIFIED} <= gates
