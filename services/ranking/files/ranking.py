"""Lists over columns: each kind of candidate is given to the compiled rules once, and the keys that come back are sorted.

Nothing here knows a threshold, a weight or a tie: gates, scores and keys are `ListRules`', codes are `ListCut`'s. Candidates whom nothing
that the list asks for tells apart are one kind; their keys differ only in the last resort, in whose place files have the participant number.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

import numpy as np
from numpy.typing import NDArray

from services.ranking.domain.merit import Candidate, Gate, ListRules, Outcome, Result, before_decision, rules_of
from services.ranking.domain.standing import ListCut
from services.ranking.files.columns import DISQUALIFIED
from services.ranking.files.reading import Candidates, Column, Vacancy
from shared.policies import List, Policy, Stage
from shared.policies.model import FACTS

EQUAL = "equal"
NO_SEED = ""
"""Files know no round's seed: lines of equals are in order of participant number instead."""

KINDS_AT_ONCE = 25_000
"""A task of some tenths of a second, so that processes share the work evenly."""


@dataclass(frozen=True, slots=True)
class Standings:
    """One list. Arrays have an entry for each row of `rows`, which are those of the candidate file who are on the list, in the list's order within
    their vacancies: the ranked, best first, then the others by gate. `rank`: 0 unless ranked. `code` and `decided_by` stand in `words`.
    `total`: of the list's own stage."""

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
class Kinds:
    """Candidates of one need, each of whom may stand for many: for each column its values, and for each kind where its value stands among them."""

    policy: str
    need: str
    list: str
    first_stage: str
    values: Mapping[str, Sequence[object]]
    codes: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Stands:
    """What the rules said of kinds, one entry each; `keys` hold `width` bytes for each, zeros unless ranked."""

    gate: bytes
    priority: bytes
    score: bytes
    total: bytes
    keys: bytes
    width: int


class Lists:
    """A list over the candidates of files, and those that come before it. `admitted`: all candidates had passed these."""

    def __init__(
        self,
        policy: Policy,
        one: List,
        vacancies: list[Vacancy],
        candidates: Candidates,
        *,
        admitted: bool,
        workers: Executor | None,
    ) -> None:
        self._admitted = admitted
        self.policy = without_earlier_gates(policy, one) if admitted else policy
        self._lists = self._chain(one)
        self._first_stage = self._lists[0].stage
        self._json = self.policy.model_dump_json()
        self._vacancies = vacancies
        self._candidates = candidates
        self._workers = workers
        self._needs = sorted({vacancy.need for vacancy in vacancies})
        self._need = np.array([self._needs.index(vacancy.need) for vacancy in vacancies], dtype=np.int64)
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
        columns = {name: [self._candidates.values[name][column[row]]] for name, column in codes.items()}
        need = self._vacancies[self._candidates.vacancy[row]].need
        (candidate,) = _candidates(self.policy, one, need, self._first_stage, columns, 1)
        candidate.participant_no = self._candidates.participant_no(row)
        return candidate

    def _chain(self, one: List) -> list[List]:
        before = self.policy.list_called(one.after) if one.after and not self._admitted else None
        return [one] if before is None else [*self._chain(before), one]

    def _standings(self, one: List, rows: Column) -> Standings:
        vacancy = self._candidates.vacancy[rows]
        asked = [component.code for stage in _stages(self.policy, one) for component in stage.stated]
        asked += [*FACTS, DISQUALIFIED] if self.policy.uses_facts(one) else [DISQUALIFIED]
        codes = {name: self._candidates.codes[name][rows] for name in asked if name in self._candidates.codes}
        first, kind = _kinds([self._need[vacancy], *codes.values()])
        need = self._need[vacancy[first]]
        rules = {name: rules_of(self._json, name, NO_SEED)[one.code] for name in self._needs}
        stands = self._ask(one, need, {name: column[first] for name, column in codes.items()})
        gate, priority, score, total = (np.empty(len(first), dtype=np.int64) for _ in range(4))
        merit = np.zeros(len(first), dtype=np.int64)
        keys: dict[int, NDArray[np.uint8]] = {}
        start = np.zeros(len(self._needs), dtype=np.int64)
        for number, parts in stands.items():
            here = np.flatnonzero(need == number)
            start[number] = here[0]
            gate[here] = np.frombuffer(b"".join(part.gate for part in parts), dtype=np.uint8)
            priority[here] = np.frombuffer(b"".join(part.priority for part in parts), dtype=np.uint8)
            score[here] = np.frombuffer(b"".join(part.score for part in parts), dtype=np.int64)
            total[here] = np.frombuffer(b"".join(part.total for part in parts), dtype=np.int64)
            bytes_ = np.frombuffer(b"".join(part.keys for part in parts), dtype=np.uint8)
            keys[number] = bytes_.reshape(len(here), parts[0].width)
            merit[here] = _order(keys[number])
        gate_of = gate[kind]
        merit_of = np.where(gate_of == Gate.RANKED, merit[kind], len(first) + gate_of)
        order = np.lexsort((merit_of, vacancy))  # stable: equals stay in order of participant number
        kind, vacancy = kind[order], vacancy[order]
        words = _Words()
        ranked = gate[kind] == Gate.RANKED
        line = _Line(vacancy[ranked], merit[kind[ranked]])
        rank, equals, code, decided_by = (np.zeros(len(order), dtype=np.int64) for _ in range(4))
        rank[ranked], equals[ranked] = line.rank, line.equals
        cuts: dict[tuple[int, int], ListCut] = {}

        def code_of(need: int, seats: int, gate: int, rank: int, equals: int, priority: int) -> tuple[int, bool]:
            of_need = rules[self._needs[need]]
            cut = cuts.setdefault((need, seats), ListCut.of(of_need, seats))
            code = cut.code(Gate(gate), rank or None, equals)
            return words.number(of_need.shown(code, priority)), code == of_need.codes.within

        needs = self._need[vacancy]
        code, within = _each_once(
            code_of, [needs, self._seats[vacancy], gate[kind], rank, equals, np.where(ranked, priority[kind], 0)]
        )
        decided = np.zeros(len(line.rank), dtype=np.int64)
        for number, matrix in keys.items():
            of_need = needs[ranked] == number
            local = kind[ranked] - start[number]
            decided[of_need] = line.decided_by(of_need, local, matrix, rules[self._needs[number]], words)
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

    def _ask(self, one: List, need: Column, codes: Mapping[str, Column]) -> dict[int, list[Stands]]:
        """What the rules say of each kind, by need; kinds stand together by need."""
        tasks: list[tuple[int, Kinds]] = []
        values = {name: self._candidates.values[name] for name in codes}
        for number in np.unique(need).tolist():
            here = np.flatnonzero(need == number)
            for start in range(0, len(here), KINDS_AT_ONCE):
                some = {name: column[here[start : start + KINDS_AT_ONCE]] for name, column in codes.items()}
                used = {name: _used(values[name], some[name]) for name in some}
                tasks.append(
                    (
                        number,
                        Kinds(
                            self._json,
                            self._needs[number],
                            one.code,
                            self._first_stage,
                            {name: pair[0] for name, pair in used.items()},
                            {name: pair[1] for name, pair in used.items()},
                        ),
                    )
                )
        run = map if self._workers is None or len(tasks) < 2 else self._workers.map
        found: dict[int, list[Stands]] = {}
        for (number, _), stands in zip(tasks, run(where_they_stand, [kinds for _, kinds in tasks]), strict=True):
            found.setdefault(number, []).append(stands)
        return found


def without_earlier_gates(policy: Policy, one: List) -> Policy:
    """The policy for candidates who had passed what comes before this list: thresholds and knock-outs of the other stages are met."""
    stages = tuple(
        stage
        if stage.code == one.stage
        else stage.model_copy(
            update={
                "thresholds": (),
                "components": tuple(part.model_copy(update={"knock_out": None}) for part in stage.components),
            }
        )
        for stage in policy.stages
    )
    return policy.model_copy(update={"stages": stages})


def where_they_stand(kinds: Kinds) -> Stands:
    """The compiled rules, asked about each kind."""
    policy = Policy.model_validate_json(kinds.policy)
    one = policy.list_called(kinds.list)
    assert one is not None
    rules = rules_of(kinds.policy, kinds.need, NO_SEED)[kinds.list]
    columns = {name: [values[code] for code in kinds.codes[name].tolist()] for name, values in kinds.values.items()}
    count = len(next(iter(kinds.codes.values())))
    candidates = _candidates(policy, one, kinds.need, kinds.first_stage, columns, count)
    gates, priorities, keys = bytearray(), bytearray(), []
    scores, totals = array("q"), array("q")
    nothing = bytes(rules.merit_bytes)
    for candidate in candidates:
        standing = rules.stands(candidate)
        assert standing is not None  # whoever is asked about was admitted
        gates.append(standing.gate)
        priorities.append(standing.priority)
        scores.append(standing.score or 0)
        ranked = standing.gate is Gate.RANKED
        totals.append((rules.own_total(candidate) or 0) if ranked else 0)
        keys.append(before_decision(standing.merit_key) if ranked else nothing)
    return Stands(
        bytes(gates), bytes(priorities), scores.tobytes(), totals.tobytes(), b"".join(keys), rules.merit_bytes
    )


def _candidates(
    policy: Policy,
    one: List,
    need: str,
    first_stage: str,
    columns: Mapping[str, Sequence[object]],
    count: int,
) -> Iterator[Candidate]:
    """Candidates without numbers. Empty points mean absent in their stage; `disqualified` that names no stage means in the first."""
    admitted_by = frozenset([one.after] if one.after else [])
    nothing: Sequence[object] = [None] * count
    disqualified = columns.get(DISQUALIFIED, nothing)
    stages: list[Iterator[Result]] = []
    names: list[str] = []
    for stage in _stages(policy, one):
        codes = tuple(component.code for component in stage.stated if component.of_need(need))
        outs: set[object] = {stage.code, True} if stage.code == first_stage else {stage.code}
        names.append(stage.code)
        stages.append(_results(codes, [columns.get(code, nothing) for code in codes], disqualified, outs))
    facts = [columns.get(fact, nothing) for fact in FACTS]
    together = zip(*stages, strict=True)
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
    codes: tuple[str, ...], points: list[Sequence[object]], disqualified: Sequence[object], outs: set[object]
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
                result = Result(Outcome.SCORED, cast("dict[str, str]", dict(zip(codes, row[1:], strict=True))))
            known[row] = result
        yield result


def _stages(policy: Policy, one: List) -> list[Stage]:
    """The stages that count on a list."""
    named = dict.fromkeys(term.stage for term in one.score.terms)
    return [stage for stage in map(policy.stage, named) if stage is not None]


def _kinds(columns: Sequence[Column]) -> tuple[Column, Column]:
    """Rows that are alike in every column are one kind: a row of each kind, and each row's kind. No entry is negative."""
    kind = np.zeros(len(columns[0]), dtype=np.int64)
    size = 1
    for column in columns:
        width = int(column.max(initial=0)) + 1
        if size * width >= 2**62:
            _, kind = np.unique(kind, return_inverse=True)
            size = int(kind.max(initial=0)) + 1
        kind = kind * width + column
        size *= width
    _, first, inverse = np.unique(kind, return_index=True, return_inverse=True)
    return first, inverse


def _used(values: Sequence[object], codes: Column) -> tuple[list[object], Column]:
    """The values that these codes name, and their places among them."""
    used, places = np.unique(codes, return_inverse=True)
    return [values[code] for code in used.tolist()], places


def _order(keys: NDArray[np.uint8]) -> Column:
    """Each key's place among the different ones."""
    count, width = keys.shape
    padded = np.zeros((count, -(-width // 8) * 8), dtype=np.uint8)
    padded[:, :width] = keys
    numbers = padded.view(">u8").astype(np.uint64)
    order = np.lexsort(numbers.T[::-1])
    in_order = numbers[order]
    place = np.zeros(count, dtype=np.int64)
    place[order[1:]] = np.cumsum(np.any(in_order[1:] != in_order[:-1], axis=1))
    return place


def _each_once(
    answer: Callable[[int, int, int, int, int, int], tuple[int, bool]], columns: Sequence[Column]
) -> tuple[Column, NDArray[np.bool_]]:
    """The answers for rows, each different row asked about once."""
    first, kind = _kinds(columns)
    answers = [answer(*row) for row in zip(*(column[first].tolist() for column in columns), strict=True)]
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
    """Ranked candidates in order, vacancy after vacancy: ranks that equals share, and what parts each from the one above."""

    def __init__(self, vacancy: Column, merit: Column) -> None:
        count = len(vacancy)
        places = np.arange(count, dtype=np.int64)
        self._first = np.ones(count, dtype=bool)
        self._first[1:] = vacancy[1:] != vacancy[:-1]
        self._parted = self._first.copy()
        self._parted[1:] |= merit[1:] != merit[:-1]
        group = np.cumsum(self._parted) - 1
        starts = places[self._parted]
        begin = np.maximum.accumulate(np.where(self._first, places, 0)) if count else places
        self.rank = starts[group] - begin + 1 if count else places
        self.equals = np.diff(np.append(starts, count))[group] if count else places

    def decided_by(
        self, rows: NDArray[np.bool_], kind: Column, keys: NDArray[np.uint8], rules: ListRules, words: _Words
    ) -> Column:
        """The field of the key in which each of these rows first differs from the row above, as a word; none for the score and a vacancy's first."""
        here = np.flatnonzero(rows)
        ends = np.array([end for _, end in rules.fields])
        names = [words.number("" if name == "score" else name) for name, _ in rules.fields]
        found = np.zeros(len(here), dtype=np.int64)
        later = np.flatnonzero(~self._first[here])
        if not len(later):
            return found
        differs = keys[kind[here[later]]] != keys[kind[here[later] - 1]]
        field = np.searchsorted(ends, differs.argmax(axis=1), side="right")
        found[later] = np.where(self._parted[here[later]], np.array(names)[field], words.number(EQUAL))
        return found
