"""A published list as a file: a signed head, the policy, and a leaf on each line.

Every byte of a file counts: the policy by its hash in the head, each leaf by the tree's root in the
head, the head by the signature; and what was read must give the same bytes when it is written
again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.ranking.proofs.domain.canonical import (
    FilePart,
    Signature,
    canonical,
    check_same_bytes,
)
from services.ranking.proofs.domain.fault import ProofFault, validated
from services.ranking.proofs.domain.head import Head, ListFormat, Proposal, signed_beginning
from services.ranking.proofs.domain.leaves import (
    Leaf,
    LineLeaf,
    VacancyLeaf,
    leaf_bytes,
    parse_leaf,
)
from services.ranking.proofs.domain.merkle_tree import GrowingTree

LINES_BEFORE_LEAVES = 5
"""Of a list file: format, head, signature, policy, and where the leaves begin."""


def line_in_file(index: int) -> str:
    """Where the leaf with this index stands in its file."""
    return f"line {index + LINES_BEFORE_LEAVES + 1}"


LeafText = tuple[Leaf, bytes]
"""A leaf, and its text in a file."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list file: its head, the signature (hexadecimal), the policy as JSON, and the leaves."""

    head: Head
    signature: str
    policy: Mapping[str, Any]
    leaves: Sequence[Leaf]


class ListJson(FilePart):
    """A list file as JSON, its leaves not looked at."""

    format: ListFormat
    head: Head
    signature: Signature
    policy: dict[str, Any]
    leaves: list[Any]


def write_list(
    head: Head, signature: str, policy: Mapping[str, Any], leaves: Iterable[bytes]
) -> bytes:
    """A list as a file: JSON with each leaf (its bytes) on a line of its own."""
    return signed_beginning(head.format, head, signature) + _policy_and_leaves(policy, leaves)


def write_proposal(proposal: Proposal, policy: Mapping[str, Any], leaves: Iterable[bytes]) -> bytes:
    """What is proposed, as officers read it before anything is signed."""
    return b"".join(
        (
            b'{"proposal":' + canonical(proposal.model_dump()),
            b',\n"digest":' + canonical(proposal.digest()) + b",\n",
            _policy_and_leaves(policy, leaves),
        )
    )


def _policy_and_leaves(policy: Mapping[str, Any], leaves: Iterable[bytes]) -> bytes:
    return b'"policy":%b,\n"leaves":[\n%b\n]}\n' % (canonical(policy), b",\n".join(leaves))


def lines_before_leaves(head: Head, signature: str, policy: Mapping[str, Any]) -> bytes:
    """The beginning of a list file, up to where its leaves begin."""
    return b'%b"policy":%b,\n"leaves":[\n' % (
        signed_beginning(head.format, head, signature),
        canonical(policy),
    )


def validated_list(value: object) -> ListJson:
    """The JSON of a list file, of which the leaves are not looked at.

    Raises ProofFault where it is none.
    """
    found = validated(ListJson, value)
    if found.head.format != found.format:
        raise ProofFault("head, format", f"expected {found.format}, as the file's")
    return found


def parse_list(data: bytes, value: object) -> ListFile:
    """The list in a file (its bytes, and the JSON in them).

    Raises ProofFault where it is no list, or not written as it must be to the byte.
    """
    found = validated_list(value)
    leaves = [
        parse_leaf(leaf, f"line {number}")
        for number, leaf in enumerate(found.leaves, LINES_BEFORE_LEAVES + 1)
    ]
    check_same_bytes(
        data, write_list(found.head, found.signature, found.policy, map(leaf_bytes, leaves))
    )
    return ListFile(found.head, found.signature, found.policy, leaves)


class Count:
    """Counts the leaves of a file, and builds the tree over them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._tree = GrowingTree()

    def add(self, leaf: Leaf, text: bytes) -> None:
        """Takes the next leaf into account."""
        self._counts["leaves"] += 1
        self._counts["vacancies"] += isinstance(leaf, VacancyLeaf)
        self._counts["lines"] += isinstance(leaf, LineLeaf)
        self._tree.add(text)

    def check(self, proposal: Proposal) -> None:
        """Raises ProofFault unless the head has these counts and this root."""
        for what in ("leaves", "vacancies", "lines"):
            count, expected = self._counts[what], getattr(proposal, what)
            if count != expected:
                raise ProofFault(f"head, {what}", f"{count} are there, expected {expected}")
        root = self._tree.root().hex()
        if root != proposal.root:
            raise ProofFault(
                "leaves",
                f"their root is {root}, expected {proposal.root}: "
                "a line was changed, moved or taken out",
            )
