"""The events that applications subscribes to, and the use case of each."""

from services.applications.seats.usecases.answer_seat import note_offers
from services.applications.seats.usecases.learn_results import (
    note_closed_lists,
    note_results,
    note_revocations,
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
        Subscription(BY_MODEL[CandidateShortlisted], note_results),
        Subscription(BY_MODEL[CandidateSelected], note_results),
        Subscription(BY_MODEL[StageClosed], note_closed_lists),
        Subscription(BY_MODEL[AdmissionRevoked], note_revocations),
        Subscription(BY_MODEL[ClosedListCorrected], note_closed_lists),
        Subscription(BY_MODEL[SeatOffered], note_offers),
    ]
