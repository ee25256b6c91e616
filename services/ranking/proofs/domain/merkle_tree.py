"""The Merkle tree over a list's leaves (RFC 6962, section 2.1; RFC 9162, section 2.1)."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

LEAF, NODE = b"\0", b"\1"
"""The first byte of what is hashed, so that a leaf can never pass for a node."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two others."""
    return sha256(NODE + left + right).digest()


def tree_levels(leaves: Iterable[bytes]) -> list[list[bytes]]:
    """All hashes by level, from the leaves up to the root alone.

    A node without a neighbour goes up as it is, which gives RFC 6962's tree. Raises ValueError for
    no leaf at all.
    """
    levels = [[leaf_hash(leaf) for leaf in leaves]]
    if not levels[0]:
        raise ValueError("a tree has a leaf at least")
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(
            [
                node_hash(below[at], below[at + 1]) if at + 1 < len(below) else below[at]
                for at in range(0, len(below), 2)
            ]
        )
    return levels


class GrowingTree:
    """A tree to which leaves are added one by one; it keeps a hash for each level alone."""

    def __init__(self) -> None:
        self._complete: list[tuple[int, bytes]] = []
        """Complete trees, largest first: how many leaves each has, and its root."""

    def add(self, leaf: bytes) -> None:
        """Adds the next leaf."""
        size, root = 1, leaf_hash(leaf)
        while self._complete and self._complete[-1][0] == size:
            root = node_hash(self._complete.pop()[1], root)
            size *= 2
        self._complete.append((size, root))

    def root(self) -> bytes:
        """The root over all leaves so far. Raises ValueError for no leaf at all."""
        if not self._complete:
            raise ValueError("a tree has a leaf at least")
        *others, (_, root) = self._complete
        for _, left in reversed(others):
            root = node_hash(left, root)
        return root


def inclusion_path_indices(leaf_index: int, tree_size: int) -> list[int]:
    """Where the hashes of a leaf's inclusion path stand, from the bottom up.

    Indices into the hashes of all levels, one level after the other.
    """
    indices = []
    start, width, index = 0, tree_size, leaf_index
    while width > 1:
        if index ^ 1 < width:
            indices.append(start + (index ^ 1))
        start, width, index = start + width, (width + 1) // 2, index // 2
    return indices


def root_from_inclusion_proof(
    leaf: bytes, leaf_index: int, tree_size: int, inclusion_path: Sequence[str]
) -> str | None:
    """The root that an inclusion path (hashes in hexadecimal) leads to, in hexadecimal.

    None where the path has not the length that the leaf's index asks for.
    """
    if not 0 <= leaf_index < tree_size:
        return None
    if len(inclusion_path) != len(inclusion_path_indices(leaf_index, tree_size)):
        return None
    siblings = map(bytes.fromhex, inclusion_path)
    found, width, index = leaf_hash(leaf), tree_size, leaf_index
    while width > 1:
        if index ^ 1 < width:
            sibling = next(siblings)
            found = node_hash(sibling, found) if index % 2 else node_hash(found, sibling)
        width, index = (width + 1) // 2, index // 2
    return found.hex()
