"""When the vacancies of a round may be published."""

from collections.abc import Mapping

from shared.policies import Policy
from shared.refusals import Refusal


def check_seats(seats: int, decreed: int) -> None:
    """Checks that the seats are those that the Minister decreed (PermenPANRB 6/2024, Pasal 22(3)).

    Raises Refusal `nothing-to-publish`, or `seats-differ`.
    """
    if seats == 0:
        raise Refusal("nothing-to-publish")
    if seats != decreed:
        raise Refusal("seats-differ", imported=seats, decreed=decreed)


def check_quotas(policy: Policy, seats: Mapping[str, int]) -> None:
    """Checks the policy's quotas; `seats` are by kind of need.

    Raises Refusal `quotas-not-met` with each kind of need that falls short.
    """
    if short := policy.quota_faults(seats):
        raise Refusal("quotas-not-met", short=short)
