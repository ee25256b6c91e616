"""Ranks lists over columns: the keys of different kinds of candidates are sorted once.

Gates, scores and keys are `ListRules`', codes are `ListCut`'s. Candidates who are alike in
everything that the list asks for are one kind; their keys differ only in the last resort, in whose
place files have the participant number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranking.files.candidate_file import CandidateTable
from services.ranking.files.columns import DISQUALIFIED
from services.ranking.files.evaluation import evaluate
from services.ranking.files.kinds import CandidateKinds, stages_of
from services.ranking.files.order import Column, in_order, kinds_of, kinds_or_rows, places_of
from services.ranking.files.vacancy_file import VacancyLine
from services.ranking.merit.domain.candidate import Candidate
from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.list_rules import ListRules, rules_of
from services.ranking.merit.domain.standing import Gate
from shared.policies import FACTS, List, Policy

EQUAL = "equal"
NO_SEED = ""
"""Files know no round's seed: lines of equals are in order of participant number instead."""


@dataclass(frozen=True, slots=True)
class RankedList:
    """One list.

    Columns have an entry for each row of `rows`. These are the rows of the candidate file that are
    on the list, in the list's order within their vacancies: the ranked, best first, then the others
    by gate. `rank`: 0 unless ranked. `code` and `decided_by` are numbers of `words`. `total`:
    points of the list's own stage.
    """

    policy_list: List
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


class FileRanking:
    """Ranks the candidates of files on a list and on those before it.

    `admitted`: all candidates had passed the lists before it, so that it is ranked alone.
    """

    def __init__(
        self,
        policy: Policy,
        policy_list: List,
        vacancies: list[VacancyLine],
        candidates: CandidateTable,
        *,
        admitted: bool,
    ) -> None:
        self.policy = without_earlier_gates(policy, policy_list) if admitted else policy
        self.vacancies = vacancies
        self.candidates = candidates
        self._lists = [policy_list] if admitted else _with_earlier_lists(policy, policy_list)
        self._first_stage = self._lists[0].stage
        self._json = self.policy.model_dump_json()
        self._needs = sorted({vacancy.need for vacancy in vacancies})
        numbers = [self._needs.index(vacancy.need) for vacancy in vacancies]
        self._need = np.array(numbers, dtype=np.int64)
        self._seats = np.array([vacancy.seats for vacancy in vacancies], dtype=np.int64)

    def lists(self) -> list[RankedList]:
        """The lists, first to last, each of those whom the one before let go on."""
        done: list[RankedList] = []
        rows = np.arange(len(self.candidates.vacancy), dtype=np.int64)
        for policy_list in self._lists:
            done.append(self._rank(policy_list, rows))
            rows = np.sort(done[-1].rows[done[-1].within])
        return done

    def candidate(self, row: int, policy_list: List) -> Candidate:
        """What the file says of the candidate in that row, as far as the list asks."""
        columns = {
            name: (self.candidates.values[name], codes[row : row + 1])
            for name, codes in self.candidates.codes.items()
        }
        need = self.vacancies[self.candidates.vacancy[row]].need
        kinds = CandidateKinds(self.policy, policy_list, need, self._first_stage, columns, 1)
        (candidate,) = kinds.candidates()
        candidate.participant_no = self.candidates.participant_no(row)
        return candidate

    def _rank(self, policy_list: List, rows: Column) -> RankedList:
        vacancy = self.candidates.vacancy[rows]
        rules = {
            name: rules_of(self._json, name, NO_SEED)[policy_list.code] for name in self._needs
        }
        kinds, kind = self._evaluated(policy_list, rules, rows)
        gate = kinds.gate[kind]
        merit = np.where(gate == Gate.RANKED, kinds.merit[kind], len(kinds.gate) + gate)
        order = in_order([vacancy, merit])  # equals stay in order of participant number
        kind, vacancy, gate = kind[order], vacancy[order], gate[order]
        need = self._need[vacancy]
        ranked = gate == Gate.RANKED
        ranks = _Ranks(vacancy[ranked], kinds.merit[kind[ranked]])
        rank, equals = _spread(ranks.rank, ranked), _spread(ranks.equals, ranked)
        words = _Words()
        priority = np.where(ranked, kinds.priority[kind], 0)
        code, within = _each_once(
            self._code_of(rules, words),
            [need, self._seats[vacancy], gate, rank, equals, priority],
        )
        decided_by = np.zeros(len(ranks.rank), dtype=np.int64)
        for number, fields in kinds.fields.items():
            of_need = need[ranked] == number
            local = kind[ranked] - kinds.start[number]
            decided_by[of_need] = ranks.decided_by(
                of_need, local, fields, rules[self._needs[number]], words
            )
        return RankedList(
            policy_list=policy_list,
            rules=rules,
            rows=rows[order],
            gate=gate,
            score=kinds.score[kind],
            total=kinds.total[kind],
            rank=rank,
            equals=equals,
            code=code,
            decided_by=_spread(decided_by, ranked),
            within=within,
            words=words.texts,
        )

    def _evaluated(
        self, policy_list: List, rules: Mapping[str, ListRules], rows: Column
    ) -> tuple["_EvaluatedKinds", Column]:
        """What the rules say of each kind of candidate in these rows, and each row's kind."""
        names = self._names_asked(policy_list)
        codes = {name: self.candidates.codes[name][rows] for name in names}
        need_of_row = self._need[self.candidates.vacancy[rows]]
        first, kind = kinds_or_rows([need_of_row, *codes.values()])
        need = need_of_row[first]
        found = _EvaluatedKinds.nothing(len(first))
        for number in np.unique(need).tolist():
            here = np.flatnonzero(need == number)  # kinds of one need are together
            columns = {
                name: (self.candidates.values[name], column[first[here]])
                for name, column in codes.items()
            }
            name = self._needs[number]
            kinds = CandidateKinds(
                self.policy, policy_list, name, self._first_stage, columns, len(here)
            )
            found.add(number, here, rules[name], kinds)
        return found, kind

    def _names_asked(self, policy_list: List) -> list[str]:
        """The columns of the file that the list asks for."""
        names = [
            component.code
            for stage in stages_of(self.policy, policy_list)
            for component in stage.stated
        ]
        names += [*FACTS, DISQUALIFIED] if self.policy.uses_facts(policy_list) else [DISQUALIFIED]
        return [name for name in names if name in self.candidates.codes]

    def _code_of(self, rules: Mapping[str, ListRules], words: "_Words") -> "_CodeOf":
        """What gives the code of a line, as a word's number, and whether it is within the cut."""
        cuts: dict[tuple[int, int], ListCut] = {}

        def code_of(
            need: int, seats: int, gate: int, rank: int, equals: int, priority: int
        ) -> tuple[int, bool]:
            of_need = rules[self._needs[need]]
            cut = cuts.setdefault((need, seats), ListCut.of(of_need, seats))
            code = cut.code(Gate(gate), rank or None, equals)
            return words.number(
                of_need.published_code(code, priority)
            ), code == of_need.codes.within

        return code_of


def _with_earlier_lists(policy: Policy, policy_list: List) -> list[List]:
    """The list after all that have to be passed before it."""
    before = policy.list_called(policy_list.after) if policy_list.after else None
    return [policy_list] if before is None else [*_with_earlier_lists(policy, before), policy_list]


def without_earlier_gates(policy: Policy, policy_list: List) -> Policy:
    """The policy for candidates who had passed what comes before this list.

    Thresholds and knock-outs of the other stages are met.
    """
    stages = []
    for stage in policy.stages:
        if stage.code != policy_list.stage:
            components = tuple(
                component.model_copy(update={"knock_out": None}) for component in stage.components
            )
            stage = stage.model_copy(update={"thresholds": (), "components": components})
        stages.append(stage)
    return policy.model_copy(update={"stages": tuple(stages)})


@dataclass(frozen=True, slots=True)
class _EvaluatedKinds:
    """What the rules say of each kind of candidate; kinds of one need are together.

    `merit`: place in merit order among the kinds of the same need. `fields`: those of their keys,
    by the need's number. `start`: where the kinds of a need begin.
    """

    gate: Column
    priority: Column
    score: Column
    total: Column
    merit: Column
    fields: dict[int, list[Column]]
    start: dict[int, int]

    @classmethod
    def nothing(cls, count: int) -> "_EvaluatedKinds":
        """So many kinds of which nothing is known yet."""
        gate, priority, score, total, merit = (np.zeros(count, dtype=np.int64) for _ in range(5))
        return cls(gate, priority, score, total, merit, {}, {})

    def add(self, need: int, here: Column, rules: ListRules, kinds: CandidateKinds) -> None:
        """Asks the rules about the kinds of one need, which have these places."""
        found = evaluate(rules, kinds)
        self.gate[here], self.priority[here] = found.gate, found.priority
        self.score[here], self.total[here] = found.score, found.total
        self.merit[here] = places_of(found.fields)
        self.fields[need] = found.fields
        self.start[need] = int(here[0])


_CodeOf = Callable[[int, int, int, int, int, int], tuple[int, bool]]


def _each_once(answer: _CodeOf, columns: Sequence[Column]) -> tuple[Column, NDArray[np.bool_]]:
    """The answers for rows, each different row asked about once."""
    first, kind = kinds_of(columns)
    rows = zip(*(column[first].tolist() for column in columns), strict=True)
    answers = [answer(*row) for row in rows]
    numbers = np.array([number for number, _ in answers], dtype=np.int64)
    yes = np.array([within for _, within in answers], dtype=bool)
    return numbers[kind], yes[kind]


def _spread(values: Column, places: NDArray[np.bool_]) -> Column:
    """The values at these places, 0 elsewhere."""
    column = np.zeros(len(places), dtype=np.int64)
    column[places] = values
    return column


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


class _Ranks:
    """The ranks of candidates in merit order, vacancy after vacancy; equals share one."""

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
        """The field of the key in which each of these rows first differs from the row above.

        As a word's number; none for the score and for a vacancy's first.
        """
        found = np.zeros(len(rows), dtype=np.int64)
        # the row above is of the same vacancy, so of the same need
        alike = np.flatnonzero(rows & ~self._first)
        # the last of the rules' fields, an officer's decision, has no column
        for (name, _), values in zip(rules.fields, fields, strict=False):
            differs = values[kind[alike]] != values[kind[alike - 1]]
            found[alike[differs]] = words.number("" if name == "score" else name)
            alike = alike[~differs]
        found[alike] = words.number(EQUAL)
        return found[rows]
