"""The columns of a candidate's points, as integers, for one list."""

from collections.abc import Sequence
from typing import Any

from services.ranking.merit.domain.facts import FactOrder
from services.ranking.merit.domain.stage_rules import StageRules
from shared.policies import List, Policy
from shared.policies.lists import ScoreTerm


def terms_of(listed: List, need: str) -> list[ScoreTerm]:
    """The terms of a list's score that count for this kind of need."""
    return [term for term in listed.score.terms if not term.needs or need in term.needs]


class PointsRow:
    """The stages that a list counts for one kind of need, and the columns of their row.

    `at`: a component's or a stage's column. `scale`: units to the point, by the same codes. `most`:
    the highest units of each column. `minima`: (column, lowest units that pass).
    """

    def __init__(self, policy: Policy, listed: List, need: str, facts: FactOrder) -> None:
        self.stages: list[StageRules] = []
        self.at: dict[str, int] = {}
        self.scale: dict[str, int] = {}
        self.minima: list[tuple[int, int]] = []
        self.most: list[int] = []
        codes = dict.fromkeys(term.stage for term in terms_of(listed, need))
        for stage in filter(None, map(policy.stage, codes)):
            if any(component.of_need(need) for component in stage.components):
                rules = StageRules(stage, need, len(self.at), facts)
                self.stages.append(rules)
                self.at |= rules.at
                self.scale |= dict.fromkeys(rules.at, rules.scale)
                self.minima += rules.minima
                self.most += rules.most
        self.components = tuple(
            component.code for stage in self.stages for component in stage.components
        )

    def stage(self, code: str) -> StageRules:
        """The rules of one of these stages."""
        return next(stage for stage in self.stages if stage.code == code)

    def summands(self, tie: str) -> list[tuple[int, int]]:
        """The columns that make up a tie by points, each with its factor.

        Each stage has units of its own; the factors bring them all to the finest of them. A
        component that this kind of need does not have is left out.
        """
        parts = [part for part in tie.split("+") if part in self.at]
        finest = max((self.scale[part] for part in parts), default=1)
        return [(self.at[part], finest // self.scale[part]) for part in parts]

    def most_of(self, tie: str) -> int:
        """The highest sum that a tie by points can have."""
        return int(self.sum_of(tie, self.most))

    def sum_of(self, tie: str, row: Sequence[Any]) -> Any:
        """The sum of a row's columns that a tie by points compares."""
        return sum(row[index] * factor for index, factor in self.summands(tie))
