"""Asks the compiled rules about many different candidates at once.

Nothing here knows a threshold, a weight or a tie: gates, scores and keys are `ListRules`'.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import cast

import numpy as np

from services.ranking.files.columns import DISQUALIFIED
from services.ranking.files.kinds import CandidateKinds
from services.ranking.files.order import Column, column_of, kinds_of
from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.merit.domain.standing import Gate
from shared.policies import FACTS


@dataclass(frozen=True, slots=True)
class StandingColumns:
    """What the rules say of candidates of one need, an entry for each.

    As Standing has it, 0 where it is none. `total`: points of the list's own stage. `fields`: the
    value in each field of the merit key after the gate, up to an officer's decision.
    """

    gate: Column
    priority: Column
    score: Column
    total: Column
    fields: list[Column]


def evaluate(rules: ListRules, kinds: CandidateKinds) -> StandingColumns:
    """What the rules say: in columns, or one by one where numbers may grow too great for these."""
    return in_columns(rules, kinds) if rules.fits_columns else one_by_one(rules, kinds)


def one_by_one(rules: ListRules, kinds: CandidateKinds) -> StandingColumns:
    """What `ListRules.standing_of` says of each candidate."""
    gate, priority, score, total = (np.zeros(kinds.count, dtype=np.int64) for _ in range(4))
    ends = [1, *(end for name, end in rules.fields if name != "decision")]
    fields = [[0] * kinds.count for _ in ends[1:]]
    for number, candidate in enumerate(kinds.candidates()):
        standing = rules.standing_of(candidate)
        assert standing is not None  # whoever is asked about was admitted
        gate[number] = standing.gate
        if standing.score is not None:
            priority[number], score[number] = standing.priority, standing.score
            total[number] = rules.own_total(list(_units(rules, candidate)))
            for field, (start, end) in zip(fields, pairwise(ends), strict=True):
                field[number] = int.from_bytes(standing.merit_key[start:end])
    return StandingColumns(gate, priority, score, total, [column_of(field) for field in fields])


def _units(rules: ListRules, candidate: Candidate) -> Iterator[int]:
    """The row of all stages' units."""
    for stage, _ in rules.stages:
        yield from rules.units_of(stage, candidate) or ()


def in_columns(rules: ListRules, kinds: CandidateKinds) -> StandingColumns:
    """The same for all candidates at a time.

    The rules are asked once about each different result of a stage, and each different fact.
    """
    outcomes: list[Column] = []
    row: list[Column] = []
    for stage, asks_facts in rules.stages:
        outcome, units = (_by_facts if asks_facts else _by_components)(rules, stage, kinds)
        outcomes.append(outcome)
        row += units
    gate = _gates(rules, outcomes, row)
    facts = {name: kinds.answers([name], partial(rules.fact_of, name)) for name in rules.fact_ties}
    priority = kinds.answers(["priority"], rules.priority_of)
    score = rules.score_of(row)
    fields = list(rules.fields_of(row, score, facts, priority))
    ranked = gate == Gate.RANKED
    priority, score, total = (
        np.where(ranked, column, 0) for column in (priority, score, rules.own_total(row))
    )
    return StandingColumns(gate, priority, score, total, fields)


def _by_components(
    rules: ListRules, stage: str, kinds: CandidateKinds
) -> tuple[Column, list[Column]]:
    """Outcomes and units of a stage whose components count each by itself.

    The rules are asked once about each different text.
    """
    values, codes = kinds.column(DISQUALIFIED)
    out_in = kinds.out_in(stage)
    out = np.array([value in out_in for value in values], dtype=bool)[codes]
    missed = np.zeros(kinds.count, dtype=bool)
    units: list[Column] = []
    for component, units_of in rules.parts_of(stage):
        values, codes = kinds.column(component)
        known = [-1 if value is None else units_of(cast("str", value)) for value in values]
        units.append(np.array(known, dtype=np.int64)[codes])
        missed |= units[-1] < 0
    for column in units:
        column[out | missed] = 0
    outcome = np.where(out, Outcome.DISQUALIFIED, np.where(missed, Outcome.MISSED, Outcome.SCORED))
    return outcome.astype(np.int64), [*units, sum(units[1:], units[0])]


def _by_facts(rules: ListRules, stage: str, kinds: CandidateKinds) -> tuple[Column, list[Column]]:
    """Outcomes and units of a stage whose points ask for facts of the person.

    The rules are asked once about each different result together with the facts.
    """
    stated = next(known.stated for known in kinds.stages if known.code == stage)
    names = [*(component.code for component in stated), DISQUALIFIED, *FACTS]
    different, kind = kinds.differing_in(names)
    candidates = list(different.candidates())
    outcomes = [candidate.results[stage].outcome for candidate in candidates]
    nothing = [0] * rules.width_of(stage)
    units = np.array(
        [rules.units_of(stage, candidate) or nothing for candidate in candidates], dtype=np.int64
    )
    columns = units.reshape(len(candidates), len(nothing)).T
    return np.array(outcomes, dtype=np.int64)[kind], [column[kind] for column in columns]


def _gates(rules: ListRules, outcomes: list[Column], row: list[Column]) -> Column:
    """Each candidate's gate, out of how the stages ended and the row of units."""
    first, kind = kinds_of(outcomes)
    gates = [_gate(rules, [Outcome(column[at]) for column in outcomes]) for at in first.tolist()]
    gate = np.array(gates, dtype=np.int64)[kind]
    gate[(gate == Gate.RANKED) & rules.below(row)] = Gate.BELOW
    return gate


def _gate(rules: ListRules, outcomes: list[Outcome]) -> Gate:
    """The gate that the stages' outcomes lead to; ranked where all are scored."""
    if set(outcomes) == {Outcome.SCORED}:
        return Gate.RANKED
    results = {
        stage: StageResult(outcome, {})
        for (stage, _), outcome in zip(rules.stages, outcomes, strict=True)
    }
    admitted_by = frozenset([rules.after] if rules.after else [])
    standing = rules.standing_of(
        Candidate("", verified=True, results=results, admitted_by=admitted_by)
    )
    assert standing is not None
    return standing.gate
