"""The account of a candidate's place in sentences, out of sentences.toml."""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from services.ranking.explanation.domain.account import Explanation
from services.ranking.explanation.domain.comparison import Comparison
from shared.languages import Language
from shared.policies import Policy


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """The sentences by language and name, with placeholders; the file is read once."""
    return tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))


def sentences(
    account: Explanation, policy: Policy, language: Language, *, live: bool = False
) -> list[str]:
    """The account, sentence by sentence, in the order in which a person would ask.

    `live`: the list is not fixed, so all of it may change.
    """
    says = texts()[language]
    names = _PolicyNames(policy, language, says)
    return [
        *([says["live"]] if live else []),
        says[f"outcome-{account.outcome}"].format(
            list=names.of_list(account.list), code=account.code
        ),
        *_of_the_stages(account, names, says),
        *_of_the_bonuses(account, language, names, says),
        *_of_the_thresholds(account, names, says),
        *_of_the_score(account, names, says),
        *_of_the_rank(account, names, says),
        *_of_the_cut(account, names, says),
    ]


class _PolicyNames:
    """What the policy calls things, in one language."""

    def __init__(self, policy: Policy, language: Language, says: Mapping[str, str]) -> None:
        self._says = says
        self._names = {stage.code: getattr(stage.name, language) for stage in policy.stages}
        self._names |= {
            component.code: f"{getattr(component.name, language)} ({component.code})"
            for stage in policy.stages
            for component in stage.components
        }
        self._lists = {
            policy_list.code: getattr(policy_list.name, language) for policy_list in policy.lists
        }

    def of(self, code: str) -> str:
        """A stage, a component, or a sum of components."""
        return " + ".join(self._names.get(part, part) for part in code.split("+"))

    def of_list(self, code: str) -> str:
        return str(self._lists.get(code, code))

    def of_step(self, step: str) -> str:
        """What decided between two candidates."""
        return self._says.get(f"step-{step}") or self.of(step)


def _of_the_stages(
    account: Explanation, names: _PolicyNames, says: Mapping[str, str]
) -> Iterator[str]:
    for stage, outcome in account.stages.items():
        if outcome != "scored":
            yield says[f"stage-{outcome}"].format(stage=names.of(stage))


def _of_the_bonuses(
    account: Explanation, language: Language, names: _PolicyNames, says: Mapping[str, str]
) -> Iterator[str]:
    for bonus in account.lifts:
        yield says["lift"].format(
            of=names.of(bonus.of),
            before=bonus.before,
            after=bonus.after,
            bonus=bonus.name[language],
        )


def _of_the_thresholds(
    account: Explanation, names: _PolicyNames, says: Mapping[str, str]
) -> Iterator[str]:
    for threshold in account.thresholds:
        yield says["threshold-passed" if threshold.passed else "threshold-failed"].format(
            of=names.of(threshold.of),
            points=threshold.points,
            minimum=threshold.minimum,
            lacking=threshold.lacking,
        )


def _of_the_score(
    account: Explanation, names: _PolicyNames, says: Mapping[str, str]
) -> Iterator[str]:
    if account.score is None:
        return
    if not account.terms:
        name = "score-since-corrected" if account.points_shown else "score-alone"
        yield says[name].format(score=account.score)
        return
    if [(part.divisor, part.weight) for part in account.terms] == [("1", "100")]:
        yield says["score-is"].format(of=names.of(account.terms[0].of), score=account.score)
        return
    for part in account.terms:
        yield says["term"].format(
            of=names.of(part.of),
            points=part.points,
            divisor=part.divisor,
            divided=part.divided,
            weight=part.weight,
            weighted=part.weighted,
        )
    yield says[f"sum-{account.rounding}"].format(
        parts=" + ".join(part.weighted for part in account.terms),
        score=account.score,
        decimals=account.decimals,
    )


def _of_the_rank(
    account: Explanation, names: _PolicyNames, says: Mapping[str, str]
) -> Iterator[str]:
    if account.rank is None:
        return
    yield says["rank"].format(rank=account.rank, of=account.of)
    if account.equals > 1:
        yield says["equals"].format(others=account.equals - 1)
    for where, other in (("above", account.above), ("below", account.below)):
        if other is None:
            yield says[f"nobody-{where}"]
        else:
            yield _of_a_neighbour(where, other, account, names, says)


def _of_a_neighbour(
    where: str,
    other: Comparison,
    account: Explanation,
    names: _PolicyNames,
    says: Mapping[str, str],
) -> str:
    """The candidate just above or just below (`where`), and what decided."""
    shown = {"other": other.participant_no, "rank": other.rank, "score": other.score}
    if other.decided_by is None:
        return says[f"{where}-equal"].format(**shown)
    if other.decided_by == "score":
        return says[f"{where}-by-score"].format(**shown, own=account.score)
    step = names.of_step(other.decided_by)
    if other.own is None:
        return says[f"{where}-by-rule"].format(**shown, step=step)
    return says[f"{where}-by-points"].format(**shown, step=step, own=other.own, theirs=other.other)


def _of_the_cut(
    account: Explanation, names: _PolicyNames, says: Mapping[str, str]
) -> Iterator[str]:
    if account.limit is None:
        yield says["no-cut"]
        return
    yield says["cut"].format(limit=account.limit, within=account.within)
    if account.within > account.limit:
        yield says["cut-equals"]
    if account.distance is not None and account.cut_score is not None:
        yield from _of_the_distance(
            account, Decimal(account.distance), account.cut_score, names, says
        )


def _of_the_distance(
    account: Explanation,
    distance: Decimal,
    cut_score: str,
    names: _PolicyNames,
    says: Mapping[str, str],
) -> Iterator[str]:
    """The own score beside the score at the cut, and what decided where both are the same."""
    shown = {"cut": cut_score, "by": str(account.distance).lstrip("-")}
    side = "short" if distance < 0 else "above"
    if account.undecided_at_the_limit:
        if distance:
            yield says[f"cut-{side}-undecided"].format(**shown)
    elif account.decided_at_the_cut is not None:
        step = names.of_step(account.decided_at_the_cut)
        yield says[_decided(distance, account.outcome)].format(**shown, step=step)
    else:
        yield says[f"cut-{side}" if distance else "cut-own"].format(**shown)


def _decided(distance: Decimal, outcome: str) -> str:
    """The name of the sentence about a rule that decided at the cut."""
    if not distance:
        return "cut-by-rule"
    return "cut-before" if outcome == "within" else "cut-behind"
