"""Different candidates of one kind of need, as the compiled rules ask for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Self, cast

import numpy as np

from services.ranking.files.columns import DISQUALIFIED
from services.ranking.files.order import Column, kinds_of
from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from shared.policies import FACTS, List, Policy, Stage

Columns = Mapping[str, tuple[Sequence[object], Column]]
"""By name: the values that occur, and for each candidate the place of the own one among them."""


@dataclass(frozen=True, slots=True)
class CandidateKinds:
    """Candidates of one kind of need that differ in what the list asks for.

    `columns`: what is known of them, an entry for each of the `count` candidates. `first_stage`:
    the stage in which someone is out whose `disqualified` names none.
    """

    policy: Policy
    policy_list: List
    need: str
    first_stage: str
    columns: Columns
    count: int

    def candidates(self) -> Iterator[Candidate]:
        """Each of them, without a participant number. Empty points mean absent in their stage."""
        after = self.policy_list.after
        admitted_by = frozenset([after] if after else [])
        stages = {stage.code: self._results(stage) for stage in self.stages if self._knows(stage)}
        facts = [self._values(fact) for fact in FACTS]
        together: Iterable[tuple[StageResult, ...]] = (
            zip(*stages.values(), strict=True) if stages else [()] * self.count
        )
        for results, gpa, born, months, education, priority in zip(together, *facts, strict=True):
            yield Candidate(
                "",
                True,
                False,
                dict(zip(stages, results, strict=True)),
                cast("Decimal | None", gpa),
                cast("date | None", born),
                cast("int | None", months),
                admitted_by,
                {},
                cast("str | None", education),
                cast("str | None", priority),
            )

    @property
    def stages(self) -> list[Stage]:
        """The stages that count on the list."""
        return stages_of(self.policy, self.policy_list)

    def differing_in(self, names: Iterable[str]) -> tuple[Self, Column]:
        """Those that differ in these columns, and for each candidate the place of theirs."""
        known = {name: self.columns[name] for name in names if name in self.columns}
        nothing = np.zeros(self.count, dtype=np.int64)
        first, kind = kinds_of([codes for _, codes in known.values()] or [nothing])
        columns = {name: (values, codes[first]) for name, (values, codes) in known.items()}
        return replace(self, columns=columns, count=len(first)), kind

    def answers(self, names: Iterable[str], answer: Callable[[Candidate], int]) -> Column:
        """The answer about each, which rests on these columns: those alike are asked about once."""
        different, kind = self.differing_in(names)
        answers = [answer(candidate) for candidate in different.candidates()]
        return np.array(answers, dtype=np.int64)[kind]

    def column(self, name: str) -> tuple[Sequence[object], Column]:
        """The column; one that the file does not have holds nothing."""
        return self.columns.get(name) or ([None], np.zeros(self.count, dtype=np.int64))

    def out_in(self, stage: str) -> set[object]:
        """What `disqualified` holds of those who are out in the stage: its code.

        True alone means the first stage.
        """
        return {stage, True} if stage == self.first_stage else {stage}

    def _knows(self, stage: Stage) -> bool:
        """Whether there are columns of the stage: else nobody asks about it."""
        codes = self._codes(stage)
        return not codes or not self.columns.keys().isdisjoint(codes)

    def _codes(self, stage: Stage) -> list[str]:
        return [component.code for component in stage.stated if component.of_need(self.need)]

    def _values(self, name: str) -> list[object]:
        values, codes = self.column(name)
        return [values[code] for code in codes.tolist()]

    def _results(self, stage: Stage) -> Iterator[StageResult]:
        """Each one's result in the stage; those who are alike share it."""
        codes = self._codes(stage)
        out = self.out_in(stage.code)
        known: dict[tuple[object, ...], StageResult] = {}
        columns = [self._values(name) for name in (DISQUALIFIED, *codes)]
        for row in zip(*columns, strict=True):
            result = known.get(row)
            if result is None:
                result = known[row] = _result(row[0] in out, codes, row[1:])
            yield result


def stages_of(policy: Policy, policy_list: List) -> list[Stage]:
    """The stages that count on a list."""
    codes = dict.fromkeys(term.stage for term in policy_list.score.terms)
    return [stage for stage in map(policy.stage, codes) if stage is not None]


def _result(out: bool, codes: list[str], points: tuple[object, ...]) -> StageResult:
    if out:
        return StageResult(Outcome.DISQUALIFIED, {})
    if None in points:
        return StageResult(Outcome.MISSED, {})
    texts = cast("tuple[str, ...]", points)
    return StageResult(Outcome.SCORED, dict(zip(codes, texts, strict=True)))
