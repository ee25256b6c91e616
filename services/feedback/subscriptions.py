"""The events that feedback subscribes to, and the use case of each."""

from services.feedback.units.usecases.learn_units import learn_units
from shared.contracts.applications import UnitRegistered
from shared.contracts.catalogue import BY_MODEL
from shared.messaging.outbox import Outbox
from shared.messaging.subscription import Subscription


def subscriptions(_: Outbox) -> list[Subscription]:
    """One row for each event."""
    return [Subscription(BY_MODEL[UnitRegistered], learn_units)]
