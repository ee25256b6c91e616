"""Commitments to personal facts: everyone sees the hash, the person gets what opens it."""

import secrets
from hashlib import sha256

from services.ranking.proofs.domain.canonical import FilePart, Hash, canonical
from shared.contracts.fields import ParticipantNo

COMMITMENT = b"terang-commitment-1\n"
SECRET_BYTES = 32


def new_secret() -> str:
    """A random salt for a commitment, in hexadecimal."""
    return secrets.token_hex(SECRET_BYTES)


class Opening(FilePart):
    """What opens a commitment: the facts, and the salt that hides them from everyone else."""

    vacancy_id: str
    list: str
    participant_no: ParticipantNo
    facts: dict[str, str | int | None]
    salt: Hash

    def commitment(self) -> str:
        """The commitment that this opens: SHA-256, in hexadecimal."""
        return sha256(COMMITMENT + canonical(self.model_dump())).hexdigest()
