"""Reads a list file leaf by leaf: however many lines it has, one is in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from services.ranking.proofs.domain.canonical import check_same_bytes, parse_json
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Head
from services.ranking.proofs.domain.leaves import leaf_bytes, parse_leaf
from services.ranking.proofs.domain.list_file import (
    LINES_BEFORE_LEAVES,
    LeafText,
    lines_before_leaves,
    validated_list,
)

LONGEST_LINE = 16_000_000
"""Bytes. The policy, and the seating of a vacancy with thousands of offers, stay below."""

END = b"]}\n"


@dataclass(frozen=True, slots=True)
class ListStream:
    """A list file that is read as its leaves are asked for, which is once."""

    head: Head
    signature: str
    policy: Mapping[str, Any]
    leaves: Iterator[LeafText]


def open_list(file: BinaryIO) -> ListStream | None:
    """The list in a file; None where it does not begin as a list that is written canonically.

    Reading the leaves raises ProofFault with the first that is none, or is not written as it must
    be to the byte.
    """
    beginning = [file.readline(LONGEST_LINE) for _ in range(LINES_BEFORE_LEAVES)]
    data = b"".join(beginning)
    try:
        found = validated_list(parse_json(data + END))
    except ProofFault:
        return None
    if data != lines_before_leaves(found.head, found.signature, found.policy):
        return None
    return ListStream(found.head, found.signature, found.policy, _leaves(file))


def _leaves(file: BinaryIO) -> Iterator[LeafText]:
    number, more = LINES_BEFORE_LEAVES, True
    while more:
        number += 1
        line = file.readline(LONGEST_LINE)
        more = line.endswith(b",\n")
        text = line[: -2 if more else -1]
        yield _leaf(text, number)
    check_same_bytes(file.read(len(END) + 1), END, number + 1)


def _leaf(text: bytes, number: int) -> LeafText:
    where = f"line {number}"
    try:
        value = parse_json(text)
    except ProofFault as fault:
        raise ProofFault(where, fault.says) from fault
    leaf = parse_leaf(value, where)
    check_same_bytes(text, leaf_bytes(leaf), number)
    return leaf, text
