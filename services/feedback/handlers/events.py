"""Which events feedback hears, and what it does about them."""

from services.feedback.usecases.hear_units import hear_units
from shared.contracts.applications import UnitRegistered
from shared.contracts.catalogue import BY_MODEL
from shared.messaging.dispatch import Hears
from shared.messaging.outbox import Outbox


def hears(_: Outbox) -> list[Hears]:
    """One line for each event that feedback listens to."""
    return [Hears(BY_MODEL[UnitRegistered], hear_units)]
