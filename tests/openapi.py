"""Each service's OpenAPI document, made without a server, and what its operations say."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from shared.settings import DEMO_PROVINCE_KEY, read_settings

SETTINGS = {
    "TERANG_PROVINCE": "99",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
    "TERANG_ISSUER": "http://identity.example",
    "TERANG_AUDIENCE": "terang",
    "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
}
"""Of a deployment that there is none of: a document is made without a connection to anything."""


@cache
def api(service: str) -> FastAPI:
    """The service's HTTP app, connected to nothing."""
    database = {f"DATABASE_URL_{service.upper()}": "postgresql://database.example/terang"}
    settings = read_settings(
        import_module(f"services.{service}.settings").Settings, service, SETTINGS | database
    )
    made: FastAPI = import_module(f"services.{service}.api").create_api(settings)
    return made


def document(service: str) -> dict[str, Any]:
    """The document as the service answers it at `/<service>/openapi.json`."""
    return api(service).openapi()


@dataclass(frozen=True)
class Operation:
    """One operation of a document: its method in capitals, its path and all that is said of it."""

    method: str
    path: str
    said: dict[str, Any]

    @property
    def id(self) -> str:
        """Its operationId."""
        return str(self.said["operationId"])

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles one of which it needs; none where no role is needed."""
        return tuple(self.said.get("x-roles", ()))

    @property
    def needs_token(self) -> bool:
        """Whether nobody may call it without a token."""
        return bool(self.said.get("security")) and {} not in self.said["security"]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """All operations of a document."""
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            yield Operation(method.upper(), path, said)
