"""Ports on 127.0.0.1 that nobody uses."""

import errno
import random
import socket

# Below Linux's ephemeral range (32768-60999): no outgoing connection can take a port while its
# server is stopped for a moment.
LOWEST, HIGHEST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def free_port(preferred: int | None = None, taken: frozenset[int] = frozenset()) -> int:
    """The preferred port if it is free and not among `taken`, else any other that is.

    Raises OSError where no free port is found in a thousand tries.
    """
    if preferred is not None and preferred not in taken and is_free(preferred):
        return preferred
    for _ in range(1000):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311 - a port isn't a secret
        if port not in taken and is_free(port):
            return port
    raise OSError(errno.EADDRNOTAVAIL, f"no free port between {LOWEST} and {HIGHEST}")
