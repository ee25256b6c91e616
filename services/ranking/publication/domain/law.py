"""Whether the policy under which a file ranks is the law of its round.

A file holds its own policy, and whoever has the province's key can sign a softer one under the same
name. So somebody else must say which policy the round has: the caller, or `RoundOpened`.
"""

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Proposal
from shared.contracts.applications import RoundOpened
from shared.policies import Policy

OF_THE_ROUND = ("round_id", "policy_id", "policy_version", "policy_hash", "seed", "decreed_seats")
"""What a head and the round's opening both say."""


def check_law(head: Proposal, law: Policy) -> None:
    """Raises ProofFault unless the head's policy is this one, to the byte."""
    if head.policy_hash != law.hash():
        raise ProofFault(
            "head, policy_hash",
            f"{head.policy_hash}, expected {law.hash()}, which {law.id} {law.version} has: "
            "the file ranks under another policy",
        )


def check_well_known(head: Proposal, bundled: Policy | None) -> None:
    """Raises ProofFault for another policy under the name and version of one that is well known.

    `bundled`: the policy of the head's `policy_id` that comes with the program; None: there is
    none.
    """
    if bundled is not None and bundled.version == head.policy_version:
        check_law(head, bundled)


def check_opening(head: Proposal, opened: RoundOpened) -> None:
    """Raises ProofFault unless the round was opened with what the head says of it."""
    for name in OF_THE_ROUND:
        expected, found = getattr(opened, name), getattr(head, name)
        if found != expected:
            raise ProofFault(f"head, {name}", f"{found}, expected {expected}, as RoundOpened says")
