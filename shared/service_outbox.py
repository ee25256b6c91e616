"""A service's outbox and who writes each topic, made from the catalogue.

Its api and its worker state the same facts, and all services take the same records for events.
"""

from shared.contracts.catalogue import CATALOGUE, SERVICES, TOPICS, Service, stated_by, written_by
from shared.messaging import dead_letters
from shared.messaging.origins import Origins
from shared.messaging.outbox import Outbox
from shared.settings import ServiceSettings


def source(province: str, service: str) -> str:
    """The CloudEvents source of a service (`/provinces/99/exams`)."""
    return f"/provinces/{province}/{service}"


def outbox(service: Service, settings: ServiceSettings) -> Outbox:
    """What the service may state, and where.

    Events of feedback carry no id of a request: two that came of one complaint can't be told.
    """
    return Outbox(
        source=source(settings.province, service),
        service=service,
        contracts=stated_by(service),
        partitions=written_by(service),
    )


def origins(province: str) -> Origins:
    """Which service of this province writes each topic, and on which topic each type stands."""
    letters = [dead_letters.topic_of(service) for service in SERVICES]
    return Origins(
        {topic.name: source(province, topic.owner) for topic in TOPICS},
        {contract.type: [contract.topic] for contract in CATALOGUE} | {dead_letters.TYPE: letters},
    )
