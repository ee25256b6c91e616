"""The Merkle tree of RFC 6962 and its inclusion proofs."""

from hypothesis import given
from hypothesis import strategies as st

from services.ranking.proofs.domain.merkle_tree import (
    inclusion_path_indices,
    root_from_inclusion_proof,
    tree_levels,
)


@given(st.integers(1, 70), st.data())
def test_every_leaf_has_its_way_to_the_root_and_no_other(leaves: int, data: st.DataObject) -> None:
    """A path proves its own leaf at its own place, and nothing else."""
    texts = [f"leaf {number}".encode() for number in range(leaves)]
    levels = tree_levels(texts)
    hashes = [hash_.hex() for level in levels for hash_ in level]
    index = data.draw(st.integers(0, leaves - 1))
    path = [hashes[place] for place in inclusion_path_indices(index, leaves)]
    root = levels[-1][0].hex()
    assert root_from_inclusion_proof(texts[index], index, leaves, path) == root
    other = data.draw(st.integers(0, leaves))
    if other != index:
        assert root_from_inclusion_proof(texts[index], other, leaves, path) != root
        assert root_from_inclusion_proof(f"leaf {other}".encode(), index, leaves, path) != root
    assert root_from_inclusion_proof(texts[index], index, leaves, [*path, root]) is None


def test_the_tree_is_rfc_6962s() -> None:
    """Certificate Transparency's published test vectors: the roots of its first one to eight
    leaves.
    """
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    for size in range(1, 9):
        assert (
            tree_levels([bytes.fromhex(each) for each in inputs[:size]])[-1][0].hex()
            == roots[size - 1]
        )
