"""Checks of the lists of a policy: scores, ties, codes."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.policies.faults import CheckedPart, Location, PolicyFault, repeated
from shared.policies.fields import FACTS
from shared.policies.lists import List, ScoreTerm, Tie

if TYPE_CHECKING:  # the model runs these checks when it is validated
    from shared.policies.model import Policy

MAX_UNITS = 2**48
"""A list's highest score stays below it, in units of its last digit.

Ranking keeps the priority group in the bits above.
"""

NO_OUTCOME_YET = {"WAIT", "UNDECIDED"}
"""Codes that live lists give to who has no outcome yet."""

RESULT_CODE_LENGTH = 12
"""Characters of a published code, at most (fields.RESULT_CODE)."""


def list_faults(
    policy: "Policy", location: Location, ranking: List, earlier: Sequence[str]
) -> Iterator[PolicyFault]:
    """What is wrong with a list; `earlier` are the codes of the lists before it."""
    part = CheckedPart(location, f"list {ranking.code}")
    if policy.stage(ranking.stage) is None:
        yield part.fault(f"no stage {ranking.stage}", "stage")
    if ranking.after is not None and ranking.after not in earlier:
        says = f"after {ranking.after}, but no list before it has that code"
        yield part.fault(says, "after")
    if ranking.by_priority and not policy.priority_groups:
        yield part.fault("the policy has no priority groups", "by_priority")
    yield from _score_faults(policy, part.part("score", "score"), ranking)
    yield from _tie_faults(policy, part.part("ties", "ties"), ranking)
    yield from _code_faults(policy, part.part("codes", "codes"), ranking)


# Scores


def _score_faults(policy: "Policy", part: CheckedPart, ranking: List) -> Iterator[PolicyFault]:
    terms = ranking.score.terms
    yield from _unknown_terms(policy, part, terms)
    if ranking.stage not in [term.stage for term in terms]:
        yield part.fault(f"its own stage {ranking.stage} does not count", "terms")
    yield from _sum_faults(policy, part, terms)
    shares = (_most_of(policy, term) / term.divisor * term.weight / 100 for term in terms)
    if sum(shares, Decimal(0)) * 10**ranking.score.decimals >= MAX_UNITS:
        yield part.fault(f"it can grow past {MAX_UNITS} units of its last digit")


def _unknown_terms(
    policy: "Policy", part: CheckedPart, terms: Sequence[ScoreTerm]
) -> Iterator[PolicyFault]:
    for number, term in enumerate(terms):
        if policy.stage(term.stage) is None:
            yield part.fault(f"no stage {term.stage}", "terms", number, "stage")
        elif term.component is not None and policy.component_of(term) is None:
            says = f"stage {term.stage} has no component {term.component}"
            yield part.fault(says, "terms", number, "component")


def _sum_faults(
    policy: "Policy", part: CheckedPart, terms: Sequence[ScoreTerm]
) -> Iterator[PolicyFault]:
    """What is wrong with the sum of terms that each kind of need has, said once."""
    differ = len(policy.needs) > 1 and any(term.needs for term in terms)
    told: set[str] = set()
    for need in policy.needs:
        counted = [term for term in terms if term.counts_for(need)]
        for says in _sum_faults_of(policy, need, counted):
            if says not in told:
                told.add(says)
                yield part.fault(f"{says} ({need})" if differ else says, "terms")


def _sum_faults_of(policy: "Policy", need: str, counted: Sequence[ScoreTerm]) -> Iterator[str]:
    """What is wrong with the terms that count for one kind of need."""
    yield from _counted_twice(counted)
    weights = sum((term.weight for term in counted), Decimal(0))
    if weights != 100:
        yield f"the weights sum to {weights} %, not 100 %"
    for component in map(policy.component_of, counted):
        if component is not None and not component.of_need(need):
            yield f"vacancies for {need} have no {component.code}"


def _counted_twice(counted: Sequence[ScoreTerm]) -> Iterator[str]:
    names = [f"{term.stage} {term.component or ''}".strip() for term in counted]
    for name in repeated(names):
        yield f"stage {name} counts twice"
    whole = {term.stage for term in counted if term.component is None}
    for term in counted:
        if term.component is not None and term.stage in whole:
            yield f"stage {term.stage} counts as a whole and by its component {term.component}"


def _most_of(policy: "Policy", term: ScoreTerm) -> Decimal:
    """The most points of what a term names."""
    named = policy.component_of(term) or policy.stage(term.stage)
    return named.maximum if named else Decimal(0)


# Ties


def _tie_faults(policy: "Policy", part: CheckedPart, ranking: List) -> Iterator[PolicyFault]:
    stages = policy.stages_of(ranking)
    components = {component.code for stage in stages for component in stage.components}
    known = {*FACTS, *(stage.code for stage in stages)}
    # where a stage of the score is misnamed, what its components are called can't be told
    unsure = any(policy.stage(term.stage) is None for term in ranking.score.terms)
    for number, tie in enumerate(ranking.ties):
        names = [] if unsure else _name_faults(tie, known, components)
        wrong = [*names, *_order_faults(policy, ranking, tie)]
        yield from (part.fault(says, number, "by") for says in wrong)
    for name in repeated([tie.by for tie in ranking.ties]):
        yield part.fault(f"{name} stands twice")


def _name_faults(tie: Tie, known: set[str], components: set[str]) -> Iterator[str]:
    """What is wrong with the name of what a tie compares."""
    summed = tie.by.split("+")
    if tie.by not in known and not components.issuperset(summed):
        yield f"nothing is called {tie.by}; there are {', '.join(sorted(known | components))}"
    if repeated(summed):
        yield f"{tie.by} counts a component twice"


def _order_faults(policy: "Policy", ranking: List, tie: Tie) -> Iterator[str]:
    """What is wrong with a tie by something that the policy itself orders."""
    orders = {"education": policy.education, "priority": policy.priority_groups}
    if tie.by in orders and not orders[tie.by]:
        yield f"the policy has no order of {tie.by}"
    if tie.by == "priority" and ranking.by_priority:
        yield "priority goes before the score already"


# Codes


def _code_faults(policy: "Policy", part: CheckedPart, ranking: List) -> Iterator[PolicyFault]:
    codes = [str(code) for code in ranking.codes.model_dump().values()]
    for code in repeated(codes):
        yield part.fault(f"{code} stands for two outcomes")
    if reserved := sorted(NO_OUTCOME_YET & {*codes}):
        yield part.fault(f"{' and '.join(reserved)} is kept for who has no outcome yet")
    if not ranking.by_priority:
        return
    for group in policy.priority_groups:
        code = f"{group.result_code}/{ranking.codes.within}"
        if group.result_code and len(code) > RESULT_CODE_LENGTH:
            says = f"{code} is longer than {RESULT_CODE_LENGTH} characters"
            yield part.fault(says, "within")
