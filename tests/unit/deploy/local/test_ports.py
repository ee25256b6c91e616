"""Ports are free when they are handed out, and stay so."""

import socket
from pathlib import Path

from deploy.local.ports import HIGHEST, LOWEST, free_port, is_free


def test_the_preferred_port_is_taken_if_it_is_free() -> None:
    """The usual port is used when nobody has it; else another one is."""
    preferred = free_port()
    assert free_port(preferred) == preferred
    with socket.socket() as other:
        other.bind(("127.0.0.1", preferred))
        other.listen()
        assert not is_free(preferred)
        assert free_port(preferred) != preferred


def test_a_port_that_is_spoken_for_is_not_handed_out_again() -> None:
    """Ports chosen one after the other, before anybody listens, differ."""
    chosen: set[int] = set()
    for _ in range(200):
        chosen.add(free_port(next(iter(chosen), None), frozenset(chosen)))
    assert len(chosen) == 200


def test_ports_lie_below_the_ephemeral_range() -> None:
    """No outgoing connection can take the port of a server that is stopped for a moment."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert first > HIGHEST
    assert all(LOWEST <= free_port() <= HIGHEST for _ in range(100))
