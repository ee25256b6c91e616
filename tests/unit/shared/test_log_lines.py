"""What a client of Kafka or PostgreSQL logs while its server is away."""

import logging
import time

import pytest

from shared.observability.logs import FoldedLines


def line(logger: str, text: str, *facts: object) -> logging.LogRecord:
    return logging.LogRecord(logger, logging.ERROR, "", 0, text, facts, None)


def test_alike_lines_of_a_client_are_one_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first passes at once; the next after a minute says how many were like it."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    folding = FoldedLines()
    assert folding.filter(line("aiokafka.conn", "Unable connect to node with id %s", 1))
    for node in range(50):
        assert not folding.filter(line("aiokafka.conn", "Unable connect to node with id %s", node))
    assert folding.filter(line("aiokafka.conn", "Another text"))
    now = 61.0
    later = line("aiokafka.conn", "Unable connect to node with id %s", 1)
    assert folding.filter(later)
    assert later.getMessage() == "Unable connect to node with id 1 (and 50 lines like it)"


def test_our_own_lines_are_not_folded() -> None:
    """Each says what it says; so do a server's."""
    folding = FoldedLines()
    for name in ("shared.messaging.relay", "services.exams", "uvicorn.error"):
        assert all(folding.filter(line(name, "relay leads")) for _ in range(3))
