"""A published list as JSON: whatever it says, it can be signed with the test key."""

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.ranking.proofs.domain.canonical import canonical
from services.ranking.proofs.domain.merkle_tree import tree_levels
from services.ranking.publication.storage.signing import SigningKey
from tests.unit.services.ranking.published import SEED

Json = dict[str, Any]
TEST_KEY = SigningKey.of(
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
    "-----END PRIVATE KEY-----\n"
)
"""For tests alone: everyone knows it."""


@dataclass
class File:
    """A list before it is signed; `head` holds what it says otherwise than it must."""

    policy: Json
    leaves: list[Json]
    head: Json
    format: str = "terang-list-2"

    def written(self) -> bytes:
        """The file, signed with the test key."""
        texts = [canonical(leaf) for leaf in self.leaves]
        head = canonical(self._head(texts) | self.head)
        signature = TEST_KEY.sign(self.format.encode() + b"\n" + head).hex()
        return b"".join(
            (
                b'{"format":' + canonical(self.format) + b',\n"head":' + head,
                b',\n"signature":"' + signature.encode() + b'",\n"policy":',
                canonical(self.policy) + b',\n"leaves":[\n' + b",\n".join(texts) + b"\n]}\n",
            )
        )

    def _head(self, texts: list[bytes]) -> Json:
        kinds = Counter(str(leaf.get("kind")) for leaf in self.leaves)
        return {
            "format": self.format,
            "province": "99",
            "round_id": "cpns-2024",
            "round_name": "CPNS 2024",
            "version": 1,
            "previous": None,
            "policy_id": self.policy.get("id"),
            "policy_version": self.policy.get("version"),
            "policy_hash": sha256(canonical(self.policy)).hexdigest(),
            "seed": SEED,
            "decreed_seats": sum(_seats(leaf) for leaf in self.leaves),
            "vacancies": kinds["vacancy"],
            "lines": kinds["line"],
            "leaves": len(texts),
            "root": tree_levels(texts)[-1][0].hex() if texts else "00" * 32,
            "proposed_at": "2026-11-01T02:00:00Z",
            "proposed_by": "officer",
            "signed_by": "officer",
            "published_at": "2026-11-02T02:00:00Z",
            "key_id": TEST_KEY.public.id,
        }


def _seats(leaf: Json) -> int:
    seats = leaf.get("seats", 0)
    return seats if isinstance(seats, int) else 0
