"""A round and the policy that it was opened under."""

from dataclasses import dataclass

from shared.policies import Policy

VACANCIES_NAMED = 100
"""Vacancies that a view or a refusal names; the counts are of all."""


@dataclass(frozen=True, slots=True)
class Round:
    """A round and its policy."""

    round_id: str
    name: str
    policy: Policy
    policy_hash: str
    decreed_seats: int
