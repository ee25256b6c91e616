"""Who asks: a person as the identity provider names them."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["applicant", "verifier", "examiner", "proctor", "officer", "supervisor", "operator"]
ROLES: frozenset[str] = frozenset(get_args(Role))


@dataclass(frozen=True, slots=True)
class Person:
    """`subject` is the provider's opaque id, never a national identity number."""

    subject: str
    roles: frozenset[str]
