"""The events that applications subscribes to, and the use case of each."""

from services.applications.seats.usecases.learn_offers import learn_offers
from services.applications.seats.usecases.learn_results import (
    learn_closed_lists,
    learn_results,
    learn_revocations,
)
from shared.contracts.catalogue import BY_MODEL
from shared.contracts.ranking import (
    AdmissionRevoked,
    CandidateSelected,
    CandidateShortlisted,
    ClosedListCorrected,
    SeatOffered,
    StageClosed,
)
from shared.messaging.outbox import Outbox
from shared.messaging.subscription import Subscription


def subscriptions(_outbox: Outbox) -> list[Subscription]:
    """One row for each event. None of them makes it state anything."""
    return [
        Subscription(BY_MODEL[CandidateShortlisted], learn_results),
        Subscription(BY_MODEL[CandidateSelected], learn_results),
        Subscription(BY_MODEL[StageClosed], learn_closed_lists),
        Subscription(BY_MODEL[AdmissionRevoked], learn_revocations),
        Subscription(BY_MODEL[ClosedListCorrected], learn_closed_lists),
        Subscription(BY_MODEL[SeatOffered], learn_offers),
    ]
