"""Who is equal on a published list, and the order that an officer gave them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from services.ranking.proofs.domain.leaves import LineLeaf
from services.ranking.publication.domain.public_rules import PublicPlace


@dataclass(frozen=True, slots=True)
class PlacedLeaf:
    """A published line, and where the rules place the candidate by it."""

    place: PublicPlace
    leaf: LineLeaf


def groups_of_equals(placed: Sequence[PlacedLeaf]) -> Iterator[list[PlacedLeaf]]:
    """Those whom score and every tie leave equal, group by group in merit order.

    In a group an officer's order comes first, then the last resort, which only orders lines.
    """
    in_order = sorted(
        placed, key=lambda line: (line.place.public, line.leaf.order or 0, line.place.rest)
    )
    for _, group in groupby(in_order, key=lambda line: (line.place.public, line.leaf.order)):
        yield list(group)


def officer_orders(
    placed: Sequence[PlacedLeaf], decided: Mapping[str, int]
) -> Iterator[dict[str, int]]:
    """The orders that count among these decided places: each of all equals of a group, from 1.

    A place that was given to somebody counts for nothing once another, without one, is equal too,
    or once nobody is.
    """
    for equals in groups_of_equals(placed):
        numbers = [line.leaf.participant_no for line in equals]
        places = {decided[number] for number in numbers if number in decided}
        if len(numbers) > 1 and len(places) == len(numbers):
            in_order = sorted(numbers, key=decided.__getitem__)
            yield {number: place for place, number in enumerate(in_order, 1)}
