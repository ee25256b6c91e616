"""A tree to which leaves are added one by one has the root of the whole tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranking.proofs.domain.merkle_tree import GrowingTree, tree_levels


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70))
def test_the_root_is_the_same_after_each_leaf(leaves: list[bytes]) -> None:
    """For every number of leaves, complete or not."""
    tree = GrowingTree()
    for count, leaf in enumerate(leaves, 1):
        tree.add(leaf)
        assert tree.root() == tree_levels(leaves[:count])[-1][0]


def test_a_tree_without_leaves_has_no_root() -> None:
    """As RFC 9162 has one for it that nothing here asks for."""
    with pytest.raises(ValueError, match="a tree has a leaf at least"):
        GrowingTree().root()
