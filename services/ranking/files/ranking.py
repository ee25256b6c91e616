"""Lists over columns: each kind of candidate is given to the compiled rules once, and the keys that
come back are sorted.

Nothing here knows a threshold, a weight or a tie: gates, scores and keys are `ListRules`', codes
are `ListCut`'s. Candidates whom nothing that the list asks for tells apart are one kind; their keys
differ only in the last resort, in whose place files have the participant number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import cast

import numpy as np
from numpy.typing import NDArray

from services.ranking.files.columns import DISQUALIFIED
from services.ranking.files.order import (
    Column,
    column_of,
    in_order,
    kinds_of,
    kinds_or_rows,
    places_of,
)
from services.ranking.files.reading import Candidates, Vacancy
from services.ranking.merit.domain.merit import (
    Candidate,
    Gate,
    ListRules,
    Outcome,
    Result,
    rules_of,
)
from services.ranking.merit.domain.standing import ListCut
from shared.policies import FACTS, List, Policy, Stage

EQUAL = "equal"
NO_SEED = ""
"""Files know no round's seed: lines of equals are in order of participant number instead."""

Columns = Mapping[str, tuple[Sequence[object], Column]]
"""By name: the values that occur, and for each candidate the place of the own one among them."""


@dataclass(frozen=True, slots=True)
class Standings:
    """One list.

    Arrays have an entry for each row of `rows`, which are those of the candidate file who are on
    the list, in the list's order within their vacancies: the ranked, best first, then the others by
    gate. `rank`: 0 unless ranked. `code` and `decided_by` stand in `words`. `total`: of the list's
    own stage.
    """

    one: List
    rules: Mapping[str, ListRules]
    rows: Column
    gate: Column
    score: Column
    total: Column
    rank: Column
    equals: Column
    code: Column
    decided_by: Column
    within: NDArray[np.bool_]
    words: list[str]


@dataclass(frozen=True, slots=True)
class Stands:
    """What the rules say of candidates of one need, an entry for each: as Standing has it, 0 where
    it is none. `total`: points of the list's own stage. `fields`: what stands in each field of the
    merit key after the gate, up to an officer's decision.
    """

    gate: Column
    priority: Column
    score: Column
    total: Column
    fields: list[Column]


class Lists:
    """A list over the candidates of files, and those that come before it.

    `admitted`: all candidates had passed these.
    """

    def __init__(
        self,
        policy: Policy,
        one: List,
        vacancies: list[Vacancy],
        candidates: Candidates,
        *,
        admitted: bool,
    ) -> None:
        self._admitted = admitted
        self.policy = without_earlier_gates(policy, one) if admitted else policy
        self._lists = self._chain(one)
        self._first_stage = self._lists[0].stage
        self._json = self.policy.model_dump_json()
        self._vacancies = vacancies
        self._candidates = candidates
        self._needs = sorted({vacancy.need for vacancy in vacancies})
        self._need = np.array(
            [self._needs.index(vacancy.need) for vacancy in vacancies], dtype=np.int64
        )
        self._seats = np.array([vacancy.seats for vacancy in vacancies], dtype=np.int64)

    def standings(self) -> list[Standings]:
        """The lists, first to last, each of those whom the one before let go on."""
        done: list[Standings] = []
        rows = np.arange(len(self._candidates.vacancy), dtype=np.int64)
        for one in self._lists:
            done.append(self._standings(one, rows))
            rows = np.sort(done[-1].rows[done[-1].within])
        return done

    def candidate(self, row: int, one: List) -> Candidate:
        """What the file says of the candidate in that row, as far as the list asks."""
        codes = self._candidates.codes
        columns = {
            name: [self._candidates.values[name][column[row]]] for name, column in codes.items()
        }
        need = self._vacancies[self._candidates.vacancy[row]].need
        (candidate,) = _candidates(self.policy, one, need, self._first_stage, columns, 1)
        candidate.participant_no = self._candidates.participant_no(row)
        return candidate

    def _chain(self, one: List) -> list[List]:
        before = self.policy.list_called(one.after) if one.after and not self._admitted else None
        return [one] if before is None else [*self._chain(before), one]

    def _standings(self, one: List, rows: Column) -> Standings:
        vacancy = self._candidates.vacancy[rows]
        asked = [
            component.code for stage in _stages(self.policy, one) for component in stage.stated
        ]
        asked += [*FACTS, DISQUALIFIED] if self.policy.uses_facts(one) else [DISQUALIFIED]
        codes = {
            name: self._candidates.codes[name][rows]
            for name in asked
            if name in self._candidates.codes
        }
        first, kind = kinds_or_rows([self._need[vacancy], *codes.values()])
        need = self._need[vacancy[first]]
        rules = {name: rules_of(self._json, name, NO_SEED)[one.code] for name in self._needs}
        gate, priority, score, total, merit = (
            np.zeros(len(first), dtype=np.int64) for _ in range(5)
        )
        fields: dict[int, list[Column]] = {}
        start = np.zeros(len(self._needs), dtype=np.int64)
        for number in np.unique(need).tolist():
            here = np.flatnonzero(need == number)  # kinds of one need stand together
            columns = {
                name: (self._candidates.values[name], column[first[here]])
                for name, column in codes.items()
            }
            stands = where_they_stand(
                rules[self._needs[number]],
                self.policy,
                one,
                self._needs[number],
                self._first_stage,
                columns,
                len(here),
            )
            gate[here], priority[here], score[here], total[here] = (
                stands.gate,
                stands.priority,
                stands.score,
                stands.total,
            )
            start[number] = here[0]
            fields[number] = stands.fields
            merit[here] = places_of(stands.fields)
        gate_of = gate[kind]
        merit_of = np.where(gate_of == Gate.RANKED, merit[kind], len(first) + gate_of)
        order = in_order([vacancy, merit_of])  # equals stay in order of participant number
        kind, vacancy = kind[order], vacancy[order]
        words = _Words()
        ranked = gate[kind] == Gate.RANKED
        line = _Line(vacancy[ranked], merit[kind[ranked]])
        rank, equals, code, decided_by = (np.zeros(len(order), dtype=np.int64) for _ in range(4))
        rank[ranked], equals[ranked] = line.rank, line.equals
        cuts: dict[tuple[int, int], ListCut] = {}

        def code_of(
            need: int, seats: int, gate: int, rank: int, equals: int, priority: int
        ) -> tuple[int, bool]:
            of_need = rules[self._needs[need]]
            cut = cuts.setdefault((need, seats), ListCut.of(of_need, seats))
            code = cut.code(Gate(gate), rank or None, equals)
            return words.number(of_need.shown(code, priority)), code == of_need.codes.within

        needs = self._need[vacancy]
        code, within = _each_once(
            code_of,
            [
                needs,
                self._seats[vacancy],
                gate[kind],
                rank,
                equals,
                np.where(ranked, priority[kind], 0),
            ],
        )
        decided = np.zeros(len(line.rank), dtype=np.int64)
        for number, values in fields.items():
            of_need = needs[ranked] == number
            local = kind[ranked] - start[number]
            decided[of_need] = line.decided_by(
                of_need, local, values, rules[self._needs[number]], words
            )
        decided_by[ranked] = decided
        return Standings(
            one,
            rules,
            rows[order],
            gate[kind],
            score[kind],
            total[kind],
            rank,
            equals,
            code,
            decided_by,
            within,
            words.texts,
        )


def without_earlier_gates(policy: Policy, one: List) -> Policy:
    """The policy for candidates who had passed what comes before this list: thresholds and
    knock-outs of the other stages are met.
    """
    stages = tuple(
        stage
        if stage.code == one.stage
        else stage.model_copy(
            update={
                "thresholds": (),
                "components": tuple(
                    part.model_copy(update={"knock_out": None}) for part in stage.components
                ),
            }
        )
        for stage in policy.stages
    )
    return policy.model_copy(update={"stages": stages})


def where_they_stand(
    rules: ListRules,
    policy: Policy,
    one: List,
    need: str,
    first_stage: str,
    columns: Columns,
    count: int,
) -> Stands:
    """The compiled rules, asked about so many candidates of one need: in columns, or one by one
    where numbers may grow too great for these.
    """
    if rules.fits_columns:
        return in_columns(rules, policy, one, need, first_stage, columns, count)
    return one_by_one(rules, policy, one, need, first_stage, columns, count)


def one_by_one(
    rules: ListRules,
    policy: Policy,
    one: List,
    need: str,
    first_stage: str,
    columns: Columns,
    count: int,
) -> Stands:
    """What `ListRules.stands` says of each candidate."""
    values = {
        name: [known[code] for code in codes.tolist()] for name, (known, codes) in columns.items()
    }
    gate, priority, score, total = (np.zeros(count, dtype=np.int64) for _ in range(4))
    ends = [1, *(end for name, end in rules.fields if name != "decision")]
    fields = [[0] * count for _ in ends[1:]]
    for number, candidate in enumerate(_candidates(policy, one, need, first_stage, values, count)):
        standing = rules.stands(candidate)
        assert standing is not None  # whoever is asked about was admitted
        gate[number] = standing.gate
        if standing.score is not None:
            units = [
                each for stage, _ in rules.stages for each in rules.units_of(stage, candidate) or ()
            ]
            priority[number], score[number], total[number] = (
                standing.priority,
                standing.score,
                rules.own_total(units),
            )
            for field, (start, end) in zip(fields, pairwise(ends), strict=True):
                field[number] = int.from_bytes(standing.merit_key[start:end])
    return Stands(gate, priority, score, total, [column_of(field) for field in fields])


def in_columns(
    rules: ListRules,
    policy: Policy,
    one: List,
    need: str,
    first_stage: str,
    columns: Columns,
    count: int,
) -> Stands:
    """The same, each different result of a stage and each different fact asked about once, and all
    candidates' scores and keys at a time.
    """

    def kinds(names: Iterable[str]) -> tuple[list[Candidate], Column]:
        """A candidate for each different row of these columns, and each row's kind."""
        known = [name for name in names if name in columns]
        first, kind = kinds_of(
            [columns[name][1] for name in known] or [np.zeros(count, dtype=np.int64)]
        )
        values = {
            name: [columns[name][0][code] for code in columns[name][1][first].tolist()]
            for name in known
        }
        return list(_candidates(policy, one, need, first_stage, values, len(first))), kind

    row: list[Column] = []
    outcomes: list[Column] = []
    stages = {
        stage.code: [component.code for component in stage.stated] for stage in _stages(policy, one)
    }
    for code, asks_facts in rules.stages:
        if not asks_facts:
            outcome, units_of_all = _by_components(rules, code, first_stage, columns, count)
            outcomes.append(outcome)
            row += units_of_all
            continue
        candidates, kind = kinds([*stages[code], DISQUALIFIED, *FACTS])
        outcomes.append(
            np.array([candidate.results[code].outcome for candidate in candidates], dtype=np.int64)[
                kind
            ]
        )
        nothing = [0] * rules.width_of(code)
        units = np.array(
            [rules.units_of(code, candidate) or nothing for candidate in candidates], dtype=np.int64
        )
        row += [
            units_of_one[kind] for units_of_one in units.reshape(len(candidates), len(nothing)).T
        ]
    first, kind = kinds_of(outcomes)
    gates = [_gate(rules, [Outcome(each[at]) for each in outcomes]) for at in first.tolist()]
    gate = np.array(gates, dtype=np.int64)[kind]
    gate[(gate == Gate.RANKED) & rules.below(row)] = Gate.BELOW
    ranked = gate == Gate.RANKED
    facts: dict[str, Column] = {}
    for name in rules.fact_ties:
        candidates, kind = kinds([name])
        facts[name] = np.array(
            [rules.fact_of(name, candidate) for candidate in candidates], dtype=np.int64
        )[kind]
    candidates, kind = kinds(["priority"])
    priority = np.array([rules.priority_of(candidate) for candidate in candidates], dtype=np.int64)[
        kind
    ]
    score = rules.score_of(row)
    fields = list(rules.fields_of(row, score, facts, priority))
    priority, score, total = (
        np.where(ranked, each, 0) for each in (priority, score, rules.own_total(row))
    )
    return Stands(gate, priority, score, total, fields)


def _by_components(
    rules: ListRules, stage: str, first_stage: str, columns: Columns, count: int
) -> tuple[Column, list[Column]]:
    """Outcomes and units of a stage whose components count each by itself: each different text is
    asked about once.
    """
    nothing: tuple[Sequence[object], Column] = ([None], np.zeros(count, dtype=np.int64))
    values, codes = columns.get(DISQUALIFIED, nothing)
    outs = _outs(stage, first_stage)
    out = np.array([value in outs for value in values], dtype=bool)[codes]
    missed = np.zeros(count, dtype=bool)
    units: list[Column] = []
    for component, units_of in rules.parts_of(stage):
        values, codes = columns.get(component, nothing)
        known = [-1 if value is None else units_of(cast("str", value)) for value in values]
        units.append(np.array(known, dtype=np.int64)[codes])
        missed |= units[-1] < 0
    for each in units:
        each[out | missed] = 0
    outcome = np.where(out, Outcome.DISQUALIFIED, np.where(missed, Outcome.MISSED, Outcome.SCORED))
    return outcome.astype(np.int64), [*units, sum(units[1:], units[0])]


def _outs(stage: str, first_stage: str) -> set[object]:
    """What `disqualified` holds of those who are out in the stage: its code; true alone means the
    first.
    """
    return {stage, True} if stage == first_stage else {stage}


def _gate(rules: ListRules, outcomes: list[Outcome]) -> Gate:
    """The gate that the stages' outcomes lead to; ranked where all are scored."""
    if set(outcomes) == {Outcome.SCORED}:
        return Gate.RANKED
    results = {
        stage: Result(outcome, {})
        for (stage, _), outcome in zip(rules.stages, outcomes, strict=True)
    }
    admitted_by = frozenset([rules.after] if rules.after else [])
    standing = rules.stands(Candidate("", verified=True, results=results, admitted_by=admitted_by))
    assert standing is not None
    return standing.gate


def _candidates(
    policy: Policy,
    one: List,
    need: str,
    first_stage: str,
    columns: Mapping[str, Sequence[object]],
    count: int,
) -> Iterator[Candidate]:
    """Candidates without numbers.

    Empty points mean absent in their stage; `disqualified` that names no stage means in the first.
    """
    admitted_by = frozenset([one.after] if one.after else [])
    nothing: Sequence[object] = [None] * count
    disqualified = columns.get(DISQUALIFIED, nothing)
    stages: list[Iterator[Result]] = []
    names: list[str] = []
    for stage in _stages(policy, one):
        codes = tuple(component.code for component in stage.stated if component.of_need(need))
        if codes and columns.keys().isdisjoint(codes):
            continue  # nobody asks about this stage
        outs = _outs(stage.code, first_stage)
        names.append(stage.code)
        stages.append(
            _results(codes, [columns.get(code, nothing) for code in codes], disqualified, outs)
        )
    facts = [columns.get(fact, nothing) for fact in FACTS]
    together: Iterable[tuple[Result, ...]] = zip(*stages, strict=True) if stages else [()] * count
    for results, gpa, born, months, education, priority in zip(together, *facts, strict=True):
        yield Candidate(
            "",
            True,
            False,
            dict(zip(names, results, strict=True)),
            cast("Decimal | None", gpa),
            cast("date | None", born),
            cast("int | None", months),
            admitted_by,
            {},
            cast("str | None", education),
            cast("str | None", priority),
        )


def _results(
    codes: tuple[str, ...],
    points: list[Sequence[object]],
    disqualified: Sequence[object],
    outs: set[object],
) -> Iterator[Result]:
    known: dict[tuple[object, ...], Result] = {}
    for row in zip(disqualified, *points, strict=True):
        result = known.get(row)
        if result is None:
            if row[0] in outs:
                result = Result(Outcome.DISQUALIFIED, {})
            elif None in row[1:]:
                result = Result(Outcome.MISSED, {})
            else:
                result = Result(
                    Outcome.SCORED, cast("dict[str, str]", dict(zip(codes, row[1:], strict=True)))
                )
            known[row] = result
        yield result


def _stages(policy: Policy, one: List) -> list[Stage]:
    """The stages that count on a list."""
    named = dict.fromkeys(term.stage for term in one.score.terms)
    return [stage for stage in map(policy.stage, named) if stage is not None]


def _each_once(
    answer: Callable[[int, int, int, int, int, int], tuple[int, bool]], columns: Sequence[Column]
) -> tuple[Column, NDArray[np.bool_]]:
    """The answers for rows, each different row asked about once."""
    first, kind = kinds_of(columns)
    answers = [
        answer(*row) for row in zip(*(column[first].tolist() for column in columns), strict=True)
    ]
    numbers = np.array([number for number, _ in answers], dtype=np.int64)
    yes = np.array([each for _, each in answers], dtype=bool)
    return numbers[kind], yes[kind]


class _Words:
    """Texts by number; 0 is none."""

    def __init__(self) -> None:
        self.texts = [""]
        self._numbers = {"": 0}

    def number(self, text: str) -> int:
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return self._numbers[text]


class _Line:
    """Ranked candidates in order, vacancy after vacancy: ranks that equals share, and what parts
    each from the one above.
    """

    def __init__(self, vacancy: Column, merit: Column) -> None:
        count = len(vacancy)
        places = np.arange(count, dtype=np.int64)
        self._first = np.ones(count, dtype=bool)
        self._first[1:] = vacancy[1:] != vacancy[:-1]
        parted = self._first.copy()
        parted[1:] |= merit[1:] != merit[:-1]
        group = np.cumsum(parted) - 1
        starts = places[parted]
        begin = np.maximum.accumulate(np.where(self._first, places, 0)) if count else places
        self.rank = starts[group] - begin + 1 if count else places
        self.equals = np.diff(np.append(starts, count))[group] if count else places

    def decided_by(
        self,
        rows: NDArray[np.bool_],
        kind: Column,
        fields: list[Column],
        rules: ListRules,
        words: _Words,
    ) -> Column:
        """The field of the key in which each of these rows first differs from the row above, as a
        word; none for the score and a vacancy's first.
        """
        found = np.zeros(len(rows), dtype=np.int64)
        alike = np.flatnonzero(
            rows & ~self._first
        )  # the row above is of the same vacancy, so of the same need
        for (name, _), values in zip(
            rules.fields, fields, strict=False
        ):  # but for an officer's decision
            differs = values[kind[alike]] != values[kind[alike - 1]]
            found[alike[differs]] = words.number("" if name == "score" else name)
            alike = alike[~differs]
        found[alike] = words.number(EQUAL)
        return found[rows]
