"""A real Kafka and a real PostgreSQL for all tests, started when the first test asks for them."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import Servers, running_servers

# how fast a busy machine is, is no behaviour
settings.register_profile(
    "busy", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Kafka and PostgreSQL; TERANG_TEST_SERVERS=containers or local chooses which."""
    with running_servers(os.environ.get("TERANG_TEST_SERVERS")) as running:
        yield running
