"""Whether the times in a published file can be true: lists are fixed, proposed, then published."""

from collections.abc import Iterable
from datetime import datetime

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Head, Proposal
from services.ranking.proofs.domain.leaves import Leaf, ListLeaf
from services.ranking.proofs.domain.list_file import line_in_file


def check_proposed(proposal: Proposal, leaves: Iterable[Leaf], first: int) -> None:
    """Raises ProofFault for a list that was fixed after it was proposed.

    `first`: index of the first of these leaves.
    """
    proposed = datetime.fromisoformat(proposal.proposed_at)
    for index, leaf in enumerate(leaves, first):
        if isinstance(leaf, ListLeaf) and datetime.fromisoformat(leaf.closed_at) > proposed:
            says = f"{leaf.closed_at}, after the lists were proposed ({proposal.proposed_at})"
            raise ProofFault(f"{line_in_file(index)}, closed_at", says)


def check_published(head: Head) -> None:
    """Raises ProofFault for lists that were published before they were proposed."""
    if datetime.fromisoformat(head.published_at) < datetime.fromisoformat(head.proposed_at):
        says = f"{head.published_at}, before the lists were proposed ({head.proposed_at})"
        raise ProofFault("head, published_at", says)


def check_begun(leaves: Iterable[Leaf], begins: datetime, first: int) -> None:
    """Raises ProofFault for a list that was fixed before registration began at `begins`."""
    for index, leaf in enumerate(leaves, first):
        if isinstance(leaf, ListLeaf) and datetime.fromisoformat(leaf.closed_at) < begins:
            says = f"{leaf.closed_at}, before registration for the round began"
            raise ProofFault(f"{line_in_file(index)}, closed_at", says)
