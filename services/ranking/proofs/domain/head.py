"""The head of a published list: what an officer proposes, and what a second one signs."""

from collections.abc import Callable
from hashlib import sha256
from typing import Literal

from services.ranking.proofs.domain.canonical import FilePart, Hash, Instant, canonical
from services.ranking.proofs.domain.fault import ProofFault

ListFormat = Literal["terang-list-1", "terang-list-2"]
"""Version 1 has no applicants; such files stay readable."""

LIST_FORMAT: ListFormat = "terang-list-2"
"""What is published now."""

Accepts = Callable[[bytes, bytes], bool]
"""(signature, what was signed) -> whether the trusted key made the signature."""


class Proposal(FilePart):
    """What an officer proposes to publish; `root` stands for all leaves.

    `previous`: the root of the version before, None for the first.
    """

    format: ListFormat
    province: str
    round_id: str
    round_name: str
    version: int
    previous: Hash | None
    policy_id: str
    policy_version: str
    policy_hash: Hash
    seed: Hash
    decreed_seats: int
    vacancies: int
    lines: int
    leaves: int
    root: Hash
    proposed_at: Instant
    proposed_by: Literal["officer"]

    def digest(self) -> str:
        """What the second officer names in signing: SHA-256 of the proposal, in hexadecimal."""
        return sha256(canonical(self.model_dump())).hexdigest()


class Head(Proposal):
    """The proposal as signed. Of the people who did it the file names the roles."""

    signed_by: Literal["officer"]
    published_at: Instant
    key_id: Hash

    def signed(self) -> bytes:
        """The bytes that the signature is over."""
        return self.format.encode() + b"\n" + canonical(self.model_dump())


def signed_beginning(file_format: str, head: Head, signature: str) -> bytes:
    """The first three lines of a signed file."""
    return b"".join(
        (
            b'{"format":' + canonical(file_format) + b',\n"head":' + canonical(head.model_dump()),
            b',\n"signature":' + canonical(signature) + b",\n",
        )
    )


def check_head(head: Head, signature: str, accepts: Accepts, key_id: str) -> None:
    """Raises ProofFault unless the key with this id signed the head."""
    if head.key_id != key_id:
        raise ProofFault(
            "head, key_id",
            f"signed with the key {head.key_id}, expected {key_id}: is it the right key?",
        )
    if not accepts(bytes.fromhex(signature), head.signed()):
        raise ProofFault(
            "signature", "it does not belong to this head: the head or the signature was changed"
        )
