"""What the applications service hears, and what it does about each."""

from services.applications.usecases.answer_seat import note_offers
from services.applications.usecases.note_results import (
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
from shared.messaging.dispatch import Hears
from shared.messaging.outbox import Outbox


def hears(_outbox: Outbox) -> list[Hears]:
    """Event by event. Nothing that it hears makes it state anything."""
    return [
        Hears(BY_MODEL[CandidateShortlisted], note_results),
        Hears(BY_MODEL[CandidateSelected], note_results),
        Hears(BY_MODEL[StageClosed], note_closed_lists),
        Hears(BY_MODEL[AdmissionRevoked], note_revocations),
        Hears(BY_MODEL[ClosedListCorrected], note_closed_lists),
        Hears(BY_MODEL[SeatOffered], note_offers),
    ]
