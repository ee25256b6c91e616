"""What the log says while a server is away."""

import pytest
from aiokafka import errors as kafka
from structlog.testing import capture_logs

from shared.messaging.failures import Unavailable
from shared.messaging.outages import Outage, Servers

SERVERS = Servers.of("postgresql://exams:a-secret@db:5432/exams", "one:9092,two:9092")


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (kafka.KafkaConnectionError("no route"), "Kafka at one:9092,two:9092: KafkaConnection"),
        (ConnectionRefusedError(111, "refused"), "PostgreSQL at db:5432/exams: ConnectionRefused"),
        (TimeoutError(), "PostgreSQL at db:5432/exams or Kafka at one:9092,two:9092: TimeoutError"),
        (Unavailable("Topics are not there."), "Topics are not there."),
        (
            ExceptionGroup("both", [TimeoutError(110, "timed out"), kafka.KafkaTimeoutError()]),
            "Kafka at one:9092,two:9092: KafkaTimeoutError; PostgreSQL at db:5432/exams: Timeout",
        ),
    ],
)
def test_a_failure_names_its_server(failure: BaseException, said: str) -> None:
    """Which, where and how, in one line without user and password."""
    assert SERVERS.described(failure).startswith(said)
    assert "secret" not in SERVERS.described(failure)


def test_an_outage_is_told_once_and_when_it_is_over() -> None:
    """However often a server is asked; what was over is not told again."""
    outage = Outage(SERVERS, "relay waits", service="exams")
    with capture_logs() as lines:
        outage.over()
        for _ in range(100):
            outage.failed(ConnectionRefusedError(111, "refused"))
        outage.over()
        outage.over()
    assert [line["event"] for line in lines] == ["relay waits", "goes on"]
    assert lines[1]["times"] == 100
    assert outage.why is None
