"""What must hold of every policy's order, for any points and facts; the order is set against the
same rules said plainly.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.list_lines import SortedRow, list_line
from services.ranking.merit.domain.list_rules import ListRules, rules_of
from services.ranking.merit.domain.merit_key import before_decision
from services.ranking.merit.domain.standing import Gate, score_and_priority
from shared.policies import List, Policy, Stage, bundled_ids, load, read_file
from tests.unit.services.ranking.merit.test_golden import FOLDER

SEED = "5e" * 32
POLICIES = [*bundled_ids(), "teachers-2022"]


@lru_cache
def policy_called(policy_id: str) -> Policy:
    path = FOLDER / f"{policy_id}.policy.toml"
    return read_file(path) if path.exists() else load(policy_id)


def lists_of(policy_id: str) -> st.SearchStrategy[tuple[str, str]]:
    """A list of the policy, and a kind of need."""
    policy = policy_called(policy_id)
    return st.sampled_from(
        [(policy_list.code, need) for policy_list in policy.lists for need in policy.needs]
    )


@lru_cache
def rules(policy_id: str, list_code: str, need: str) -> ListRules:
    return rules_of(policy_called(policy_id).model_dump_json(), need, SEED)[list_code]


def stages_of(policy: Policy, policy_list: List, need: str) -> list[Stage]:
    codes = {
        term.stage: term for term in policy_list.score.terms if not term.needs or need in term.needs
    }
    return [stage for stage in policy.stages if stage.code in codes]


@st.composite
def crowds(
    draw: Callable[..., Any], policy: Policy, policy_list: List, need: str
) -> list[Candidate]:
    """Candidates of whom many share points and facts, and few are below a threshold."""
    words = [word for level in policy.education for word in (level.code, *level.labels)]
    groups = [word for group in policy.priority_groups for word in (group.code, *group.labels)]
    made = []
    for number in range(draw(st.integers(2, 8))):
        results = {}
        for stage in stages_of(policy, policy_list, need):
            points = {}
            for component in stage.stated:
                if component.of_need(need):
                    steps = int(component.maximum / component.step)
                    few = st.sampled_from([steps, steps - 1, steps * 3 // 4, steps * 3 // 4 + 1])
                    points[component.code] = draw(few | st.integers(0, steps)) * component.step
            results[stage.code] = StageResult(Outcome.SCORED, points)
        made.append(
            Candidate(
                f"0001-{number:06d}",
                verified=True,
                results=results,
                gpa=draw(st.none() | st.sampled_from([Decimal("3.5"), Decimal("3.51")])),
                birth_date=draw(st.none() | st.sampled_from([date(1999, 1, 1), date(1999, 1, 2)])),
                relevant_experience_months=draw(
                    st.none() | st.sampled_from([0, 11, 12, 59, 60, 200])
                ),
                admitted_by=frozenset({policy_list.after} if policy_list.after else ()),
                education=draw(st.none() | st.sampled_from(words)) if words else None,
                priority=draw(st.none() | st.sampled_from([*groups, "R9"])) if groups else None,
            )
        )
    return made


class Plainly:
    """A policy's rules, said with decimals and tuples, sharing nothing with what is tested but the
    policy.
    """

    def __init__(self, policy: Policy, policy_list: List, need: str) -> None:
        self.policy, self.policy_list, self.need = policy, policy_list, need

    def points(self, who: Candidate) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for stage in stages_of(self.policy, self.policy_list, self.need):
            for component in stage.components:
                if component.of_need(self.need):
                    stated = who.results[stage.code].points.get(component.code)
                    found[component.code] = Decimal(stated) if stated is not None else Decimal(0)
                    if component.evidence:
                        value = self.fact(component.evidence.of, who)
                        reached = [
                            step.points
                            for step in component.evidence.steps
                            if value is not None
                            and value >= self.step(component.evidence.of, step.at_least)
                        ]
                        found[component.code] = max(reached, default=Decimal(0))
            for bonus in stage.bonuses:
                asked = bonus.of is None or found[bonus.of] >= Decimal(bonus.at_least or 0)
                if asked and (not bonus.needs or self.need in bonus.needs):
                    own = found[bonus.component]
                    found[bonus.component] = max(own, min(own + bonus.points, bonus.ceiling))
            mine = [
                component.code for component in stage.components if component.of_need(self.need)
            ]
            found[stage.code] = sum((found[code] for code in mine), Decimal(0))
        return found

    def fact(self, name: str, who: Candidate) -> Any:
        if name == "education":
            code = self.policy.education_code(who.education) if who.education else None
            return (
                None
                if code is None
                else [level.code for level in self.policy.education].index(code)
            )
        if name == "priority":
            code = self.policy.priority_code(who.priority) if who.priority else None
            return (
                None
                if code is None
                else -[group.code for group in self.policy.priority_groups].index(code)
            )
        if name == "birth_date":
            return None if who.birth_date is None else who.birth_date.toordinal()
        return getattr(who, name)

    def step(self, name: str, at_least: str) -> Any:
        if name == "education":
            return [level.code for level in self.policy.education].index(at_least)
        return Decimal(at_least)

    def passes(self, points: dict[str, Decimal]) -> bool:
        for stage in stages_of(self.policy, self.policy_list, self.need):
            for threshold in stage.thresholds:
                of = stage.code if threshold.of == "total" else threshold.of
                if self.need in threshold.needs and points[of] < threshold.minimum:
                    return False
            for component in stage.components:
                least = component.knock_out
                if (
                    component.of_need(self.need)
                    and least is not None
                    and points[component.code] < least
                ):
                    return False
        return True

    def score(self, points: dict[str, Decimal]) -> Decimal:
        digit = Decimal(1).scaleb(-self.policy_list.score.decimals)

        def rounded(value: Decimal) -> Decimal:
            return value.quantize(digit, ROUND_HALF_UP)

        at_each_step = self.policy_list.score.rounding == "each-step"
        total = Decimal(0)
        for term in self.policy_list.score.terms:
            if not term.needs or self.need in term.needs:
                divided = points[term.component or term.stage] / term.divisor
                part = (rounded(divided) if at_each_step else divided) * term.weight / 100
                total += rounded(part) if at_each_step else part
        return rounded(total)

    def key(self, who: Candidate) -> tuple[object, ...]:
        points = self.points(who)
        key: list[object] = []
        if self.policy_list.by_priority:
            group = self.fact("priority", who)
            key.append((group is None, -(group or 0)))
        key.append(-self.score(points))
        for tie in self.policy_list.ties:
            sign = -1 if tie.order == "highest-first" else 1
            if all(part in points for part in tie.by.split("+")):
                key.append(sign * sum(points[part] for part in tie.by.split("+")))
            else:
                value = self.fact(tie.by, who)
                key.append((value is None, sign * (value or 0)))
        return tuple(key)


@pytest.mark.parametrize("policy_id", POLICIES)
@settings(max_examples=40)
@given(data=st.data())
def test_keys_order_as_the_policy_says_plainly(policy_id: str, data: st.DataObject) -> None:
    """For every policy, list and kind of need: same gates, same scores, same order, same equals.

    Bytes have an order that is total and transitive.
    """
    policy = policy_called(policy_id)
    list_code, need = data.draw(lists_of(policy_id))
    policy_list = policy.list_called(list_code)
    assert policy_list is not None
    plainly = Plainly(policy, policy_list, need)
    ranked = []
    for who in data.draw(crowds(policy, policy_list, need)):
        standing = rules(policy_id, list_code, need).standing_of(who)
        assert standing is not None
        points = plainly.points(who)
        assert (standing.gate is Gate.RANKED) is plainly.passes(points)
        if standing.score is not None:
            assert Decimal(standing.score).scaleb(-policy_list.score.decimals) == plainly.score(
                points
            )
            assert standing.combined_score is not None
            assert score_and_priority(standing.combined_score) == (
                standing.score,
                standing.priority,
            )
            ranked.append((standing, plainly.key(who)))
    ranked.sort(key=lambda pair: pair[0].merit_key)
    for (first, first_key), (second, second_key) in pairwise(ranked):
        assert first_key <= second_key
        assert first.merit_key < second.merit_key
        alike = before_decision(first.merit_key) == before_decision(second.merit_key)
        assert alike is (first_key == second_key)
        assert first.combined_score is not None
        assert second.combined_score is not None
        assert first.combined_score >= second.combined_score


@pytest.mark.parametrize("policy_id", POLICIES)
@settings(max_examples=20)
@given(data=st.data())
def test_more_points_never_lower_a_place(policy_id: str, data: st.DataObject) -> None:
    """One component more by some steps, all else equal: never after where one stood, never out."""
    policy = policy_called(policy_id)
    list_code, need = data.draw(lists_of(policy_id))
    policy_list = policy.list_called(list_code)
    assert policy_list is not None
    who = data.draw(crowds(policy, policy_list, need))[0]
    stage = data.draw(st.sampled_from(stages_of(policy, policy_list, need)))
    component = data.draw(st.sampled_from([each for each in stage.stated if each.of_need(need)]))
    given_points = who.results[stage.code].points
    before = Decimal(given_points[component.code])
    more = min(before + data.draw(st.integers(1, 50)) * component.step, component.maximum)
    raised = StageResult(Outcome.SCORED, {**given_points, component.code: more})
    low = rules(policy_id, list_code, need).standing_of(who)
    high = rules(policy_id, list_code, need).standing_of(
        replace(who, results={**who.results, stage.code: raised})
    )
    assert low is not None
    assert high is not None
    assert high.merit_key <= low.merit_key


@pytest.mark.parametrize("policy_id", POLICIES)
@settings(max_examples=20)
@given(data=st.data(), seats=st.integers(1, 4))
def test_a_cut_never_splits_equals(policy_id: str, data: st.DataObject, seats: int) -> None:
    """Who is equal in priority, score and every tie has the same code; seats are exceeded only
    where the policy admits equals.
    """
    policy = policy_called(policy_id)
    list_code, need = data.draw(lists_of(policy_id))
    policy_list = policy.list_called(list_code)
    assert policy_list is not None
    cut = ListCut.of(rules(policy_id, list_code, need), seats)
    keys = []
    for who in data.draw(crowds(policy, policy_list, need)):
        standing = rules(policy_id, list_code, need).standing_of(who)
        assert standing is not None
        if standing.gate is Gate.RANKED:
            keys.append((before_decision(standing.merit_key), standing.combined_score))
    keys.sort(key=lambda pair: pair[0])
    codes: dict[bytes, set[str]] = {}
    within = 0
    for place, (key, worth) in enumerate(keys, 1):
        shared = 1 + sum(other < key for other, _ in keys)
        alike = sum(other == key for other, _ in keys)
        placed = list_line(
            SortedRow(place, f"0001-{place:06d}", Gate.RANKED, worth, shared, alike, 0)
        )
        code = cut.code(placed.gate, placed.rank, placed.equals)
        codes.setdefault(key, set()).add(code)
        within += code == policy_list.codes.within
    assert all(len(same) == 1 for same in codes.values())
    if policy_list.cut is not None and policy_list.cut.equals_at_the_limit == "officer-decides":
        assert within <= policy_list.cut.multiple * seats


@given(data=st.data())
def test_priority_beats_any_score(data: st.DataObject) -> None:
    """PPPK 2024: the last of a group stands before the first of the next."""
    policy = policy_called("national-pppk-2024")
    policy_list = policy.list_called("final")
    assert policy_list is not None
    best, worst = data.draw(crowds(policy, policy_list, "UMUM"))[:2]
    order = ["R1", "R2", "R3", "R4", None]
    high = data.draw(st.integers(0, 3))
    low = data.draw(st.integers(high + 1, 4))
    first = rules("national-pppk-2024", "final", "UMUM").standing_of(
        replace(worst, priority=order[high])
    )
    second = rules("national-pppk-2024", "final", "UMUM").standing_of(
        replace(best, priority=order[low])
    )
    assert first is not None
    assert second is not None
    assert first.merit_key < second.merit_key


@given(data=st.data(), need=st.sampled_from(["UMUM", "DISABILITAS"]))
def test_a_bonus_never_passes_its_ceiling(data: st.DataObject, need: str) -> None:
    """Whatever the points and however many bonuses: no more than the ceiling, and never less than
    without.
    """
    policy = policy_called("teachers-2022")
    policy_list = policy.list_called("final")
    assert policy_list is not None
    who = data.draw(crowds(policy, policy_list, need))[0]
    own = Decimal(who.results["kompetensi"].points["TEKNIS"])
    counted = rules("teachers-2022", "final", need).counted_points(who)
    assert own <= counted["TEKNIS"] <= 500
    assert counted["kompetensi"] == counted["TEKNIS"] + counted["SERTIFIKAT"]


@pytest.mark.parametrize(
    ("minimum", "gates"), [("65", [True, True]), ("65.5", [False, True]), ("70", [False, True])]
)
def test_a_minimum_between_steps_is_not_reached_from_below(minimum: str, gates: list[bool]) -> None:
    """65 is less than 65.5, also where points go by 5."""
    law = load("national-cpns-2024").as_json()
    for threshold in law["stages"][0]["thresholds"]:
        threshold["minimum"] = minimum if threshold["of"] == "TWK" else threshold["minimum"]
    list_rules = rules_of(Policy.model_validate(law).model_dump_json(), "UMUM", SEED)["skd"]
    found = []
    for twk in ("65", "70"):
        points = {"TWK": twk, "TIU": "100", "TKP": "200"}
        standing = list_rules.standing_of(
            Candidate("0001-000001", True, results={"skd": StageResult(Outcome.SCORED, points)})
        )
        assert standing is not None
        found.append(standing.gate is Gate.RANKED)
    assert found == gates


def test_points_as_texts_count_like_decimals() -> None:
    """What the log and the database hold as digits makes the same key as the decimal, and nonsense
    makes none.
    """
    list_rules = rules("national-cpns-2024", "skd", "UMUM")

    def with_points(twk: Any) -> Candidate:
        points = {"TWK": twk, "TIU": "100", "TKP": Decimal(200)}
        return Candidate(
            "0001-000001", verified=True, results={"skd": StageResult(Outcome.SCORED, points)}
        )

    assert list_rules.standing_of(with_points("100")) == list_rules.standing_of(
        with_points(Decimal("100.0"))
    )
    for wrong in ("", "1e", "101", "155", "-5", "NaN", "Infinity", Decimal("NaN")):
        standing = list_rules.standing_of(with_points(wrong))
        assert standing is not None
        assert standing.gate is Gate.WAITING
