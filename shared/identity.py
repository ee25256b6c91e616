"""Who asks: a person as the identity provider names them."""

import hmac
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, get_args

Role = Literal["applicant", "verifier", "examiner", "proctor", "officer", "supervisor", "operator"]
ROLES: frozenset[str] = frozenset(get_args(Role))


@dataclass(frozen=True, slots=True)
class Accounts:
    """Says under which hash a person is known in a round, to services that don't know applicants.

    `key` is the province's, at least 32 bytes; `issuer` is the provider that names the subjects.
    """

    key: bytes = field(repr=False)
    issuer: str

    def account(self, round_id: str, subject: str) -> str:
        """HMAC-SHA256 of the JSON array [round, issuer, subject], ASCII without blanks, in hex.

        Another round has another hash of the same person.
        """
        message = json.dumps([round_id, self.issuer, subject], separators=(",", ":"))
        return hmac.new(self.key, message.encode("ascii"), sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Person:
    """`subject` is the provider's opaque id, never a national identity number.

    `accounts` is there in the services that decide in rounds.
    """

    subject: str
    roles: frozenset[str]
    accounts: Accounts | None = field(default=None, repr=False)

    def account(self, round_id: str) -> str:
        """The hash under which the person is known in the round. Raises ValueError without a key.

        It is the field `account` of ApplicantFactsStated.
        """
        if self.accounts is None:
            raise ValueError("this process has no province key")
        return self.accounts.account(round_id, self.subject)
