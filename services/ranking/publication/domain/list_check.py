"""Recomputes one published list from the facts on its lines: order, ranks, cut, codes, digest.

What personal facts decided can't be recomputed by others: there the published order among those
whom all before it leaves equal is taken, and a commitment to the facts must stand beside it.
"""

from collections.abc import Iterator, Sequence

from services.ranking.merit.domain.list_cut import UNDECIDED, ListCut, ListSummary
from services.ranking.merit.domain.list_lines import ListLine, SortedRow, list_line
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import LineLeaf, ListLeaf
from services.ranking.proofs.domain.list_file import line_in_file
from services.ranking.publication.domain.equals import PlacedLeaf, groups_of_equals, officer_orders
from services.ranking.publication.domain.public_rules import PublicRules


def check_lines(
    rules: PublicRules, cut: ListCut, head: ListLeaf, leaves: Sequence[LineLeaf], at: int
) -> set[str]:
    """Ranks the published facts anew and compares line by line; returns whom the list admits.

    `at`: index of the list's head. Raises ProofFault with the first fault.
    """
    placed = [*_placed(rules, head, leaves, at)]
    _check_orders(rules, placed, at)
    _check_decided(cut, head, placed, at)
    computed: list[ListLine] = []
    admitted = set()
    for published, row in zip(leaves, _sorted_rows(placed), strict=True):
        line = list_line(row)
        code = _settled(cut, line, published, at)
        _check_line(rules, published, line, code, at)
        computed.append(line)
        if code == rules.list.codes.within:
            admitted.add(line.participant_no)
    summary = ListSummary(cut)
    summary.add(sorted(computed, key=lambda line: line.participant_no))
    if summary.digest != head.digest:
        says = f"expected {summary.digest}, as StageClosed stated it"
        raise ProofFault(f"{line_in_file(at)}, digest", says)
    return admitted


def _placed(
    rules: PublicRules, head: ListLeaf, leaves: Sequence[LineLeaf], at: int
) -> Iterator[PlacedLeaf]:
    for index, leaf in enumerate(leaves, 1):
        try:
            yield PlacedLeaf(rules.place(leaf, head.decided), leaf)
        except ProofFault as fault:
            raise ProofFault(_field(at + index, leaf, fault.where), fault.says) from fault


def _sorted_rows(placed: Sequence[PlacedLeaf]) -> Iterator[SortedRow]:
    """The candidates in merit order, with what their ranks follow from."""
    place = 1
    for equals in groups_of_equals(placed):
        decided = sum(line.place.decided for line in equals)
        for index, line in enumerate(equals):
            yield SortedRow(
                place + index,
                line.leaf.participant_no,
                line.place.gate,
                line.place.combined_score,
                place,
                len(equals),
                decided,
            )
        place += len(equals)


def _settled(cut: ListCut, line: ListLine, published: LineLeaf, at: int) -> str:
    """The line's code. Raises ProofFault where an officer still has to choose."""
    code = cut.code(line.gate, line.rank, line.equals)
    if code == UNDECIDED:
        says = (
            f"{line.equals} are equal at the last seat, and no officer's order of all stands here"
        )
        raise ProofFault(_field(at + line.place, published, "code"), says)
    return code


def _check_line(
    rules: PublicRules, published: LineLeaf, line: ListLine, code: str, at: int
) -> None:
    """Raises ProofFault with the first field that is not as it was recomputed."""
    score = None if line.score is None else decimal_text(line.score, rules.whole.decimals)
    for field, value in (
        ("participant_no", line.participant_no),
        ("rank", line.rank),
        ("equals", line.equals),
        ("score", score),
        ("code", rules.whole.published_code(code, line.priority)),
    ):
        found = getattr(published, field)
        if found != value:
            says = f"expected {_said(value)}, published {_said(found)}"
            raise ProofFault(_field(at + line.place, published, field), says)


def _check_orders(rules: PublicRules, placed: Sequence[PlacedLeaf], at: int) -> None:
    """Raises ProofFault unless orders and commitments stand where personal facts decide.

    Among equals the orders are dense from 1, and each has a commitment; nowhere else is either.
    """
    groups: dict[bytes, list[LineLeaf]] = {}
    for line in placed:
        if line.place.gate is Gate.RANKED:
            groups.setdefault(line.place.public, []).append(line.leaf)
    personal_of: dict[tuple[bytes, int], bytes] = {}
    for line in placed:
        place, leaf = line.place, line.leaf
        among = len(groups[place.public]) if place.gate is Gate.RANKED else 0
        _check_presence(rules, leaf, at, rules.personal and among > 1)
        if leaf.order is not None:
            known = personal_of.setdefault((place.public, leaf.order), place.personal)
            if known != place.personal:
                says = "expected another than that of people with other points"
                raise ProofFault(_field(at + leaf.place, leaf, "order"), says)
    for group in groups.values():
        _check_dense(group, at)


def _check_presence(rules: PublicRules, leaf: LineLeaf, at: int, ordered: bool) -> None:
    """Raises ProofFault for an order or a commitment that is missing, or is too much."""
    if ordered is not (leaf.order is not None):
        says = (
            "expected the order that personal facts gave"
            if ordered
            else "expected none: public points decide"
        )
        raise ProofFault(_field(at + leaf.place, leaf, "order"), says)
    committed = ordered or rules.commits(leaf)
    if committed is not (leaf.commitment is not None):
        says = (
            "expected a commitment to the facts"
            if committed
            else "expected none: no personal fact counted"
        )
        raise ProofFault(_field(at + leaf.place, leaf, "commitment"), says)


def _check_dense(group: Sequence[LineLeaf], at: int) -> None:
    orders = {leaf.order for leaf in group if leaf.order is not None}
    if orders and orders != set(range(1, len(orders) + 1)):
        first = min(group, key=lambda leaf: leaf.place)
        says = "expected 1, 2, 3 … without a gap among the equals"
        raise ProofFault(_field(at + first.place, first, "order"), says)


def _check_decided(cut: ListCut, head: ListLeaf, placed: Sequence[PlacedLeaf], at: int) -> None:
    """Raises ProofFault for an officer's order that does not count.

    It counts where the policy lets an officer choose, and gives each of the equals a place of their
    own, 1, 2, 3 … without a gap.
    """
    if not head.decided:
        return
    where = f"{line_in_file(at)}, decided"
    if not cut.officer_decides:
        raise ProofFault(where, "expected none: on this list the policy lets no officer choose")
    counting: dict[str, int] = {}
    for order in officer_orders(placed, head.decided):
        counting |= order
    for number, place in sorted(head.decided.items()):
        if counting.get(number) != place:
            says = "expected places for all who are equal, 1, 2, 3 … without a gap, and no others"
            raise ProofFault(where, f"{number} has place {place}; {says}")


def _field(index: int, leaf: LineLeaf, field: str) -> str:
    return f"{line_in_file(index)} (list {leaf.list}, {leaf.participant_no}), {field}"


def _said(value: object) -> str:
    return "none" if value is None else str(value)
