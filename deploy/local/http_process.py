"""A process of the local stack that serves HTTP."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from typing_extensions import override

from deploy.local.process import Process


class HttpProcess(Process):
    """A process that answers at `url`, and says at `/ready` whether it can work."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        url: str,
        log: Path,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(
            name, command, log=log, environment={"PYTHONUNBUFFERED": "1", **environment}
        )
        self.url = url

    @override
    def ready(self) -> bool:
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
