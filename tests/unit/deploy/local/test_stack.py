"""Which servers the environment gives to the stack."""

import pytest

from deploy.local.process import StackError
from deploy.local.stack import USUAL_PORTS, GivenServers, given_servers
from shared.contracts.catalogue import SERVICES

DATABASES = {f"DATABASE_URL_{service.upper()}": f"postgresql://{service}" for service in SERVICES}


def test_nothing_given_means_own_servers() -> None:
    """Without settings, or with empty ones, the stack has servers of its own."""
    assert given_servers({}) == GivenServers(kafka=None, databases={})
    assert given_servers(dict.fromkeys(DATABASES, "")).databases == {}


def test_all_that_is_given_is_used() -> None:
    """Kafka and four databases, each for its service."""
    given = given_servers({"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", **DATABASES})
    assert given.kafka == "kafka:9092"
    assert given.databases == {service: f"postgresql://{service}" for service in SERVICES}


def test_some_databases_are_refused() -> None:
    """Those that are missing are named, the others not."""
    with pytest.raises(StackError, match="DATABASE_URL_EXAMS") as refused:
        given_servers({"DATABASE_URL_RANKING": "postgresql://ranking"})
    assert "DATABASE_URL_RANKING" not in str(refused.value)


def test_usual_ports_differ() -> None:
    """No two processes have one port."""
    assert len(set(USUAL_PORTS.values())) == len(USUAL_PORTS) == 4 + 2 * len(SERVICES)
