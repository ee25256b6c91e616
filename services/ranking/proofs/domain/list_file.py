"""A published list as a file: a signed head, the policy, and a leaf on each line.

Every byte of a file counts: the policy by its hash in the head, each leaf by the tree's root in the
head, the head by the signature; and what was read must give the same bytes when it is written
again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
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
from services.ranking.proofs.domain.merkle_tree import root_hash

LINES_BEFORE_LEAVES = 5
"""Of a list file: format, head, signature, policy, and where the leaves begin."""


def line_in_file(index: int) -> str:
    """Where the leaf with this index stands in its file."""
    return f"line {index + LINES_BEFORE_LEAVES + 1}"


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list file: its head, the signature (hexadecimal), the policy as JSON, and the leaves."""

    head: Head
    signature: str
    policy: Mapping[str, Any]
    leaves: Sequence[Leaf]


class _ListJson(FilePart):
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


def parse_list(data: bytes, value: object) -> ListFile:
    """The list in a file (its bytes, and the JSON in them).

    Raises ProofFault where it is no list, or not written as it must be to the byte.
    """
    found = validated(_ListJson, value)
    if found.head.format != found.format:
        raise ProofFault("head, format", f"expected {found.format}, as the file's")
    leaves = [
        parse_leaf(leaf, f"line {number}")
        for number, leaf in enumerate(found.leaves, LINES_BEFORE_LEAVES + 1)
    ]
    check_same_bytes(
        data, write_list(found.head, found.signature, found.policy, map(leaf_bytes, leaves))
    )
    return ListFile(found.head, found.signature, found.policy, leaves)


def check_counts(proposal: Proposal, leaves: Sequence[Leaf], policy: Mapping[str, Any]) -> None:
    """Raises ProofFault unless policy and leaves have the hash and the counts of the head."""
    found = sha256(canonical(policy)).hexdigest()
    if found != proposal.policy_hash:
        raise ProofFault(
            "policy",
            f"its hash is {found}, expected {proposal.policy_hash}: the policy was changed",
        )
    for what, kind in (("leaves", Leaf), ("vacancies", VacancyLeaf), ("lines", LineLeaf)):
        count = sum(isinstance(leaf, kind) for leaf in leaves)
        expected = getattr(proposal, what)
        if count != expected:
            raise ProofFault(f"head, {what}", f"{count} are there, expected {expected}")


def check_root(proposal: Proposal, leaves: Sequence[Leaf]) -> None:
    """Raises ProofFault unless the tree over the leaves has the root of the head."""
    root = root_hash(map(leaf_bytes, leaves)).hex()
    if root != proposal.root:
        raise ProofFault(
            "leaves",
            f"their root is {root}, expected {proposal.root}: "
            "a line was changed, moved or taken out",
        )
