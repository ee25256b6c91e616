"""A service's outbox, made from the catalogue: its api and its worker state the same facts."""

from shared.contracts.catalogue import Service, stated_by, written_by
from shared.messaging.outbox import Outbox
from shared.settings import ServiceSettings


def outbox(service: Service, settings: ServiceSettings) -> Outbox:
    """What the service may state, and where.

    Events of feedback carry no id of a request: two that came of one complaint can't be told.
    """
    return Outbox(
        source=f"/provinces/{settings.province}/{service}",
        service=service,
        contracts=stated_by(service),
        partitions=written_by(service),
    )
