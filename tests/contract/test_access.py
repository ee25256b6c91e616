"""Who may call which operation is written down, and each document says the same."""

import tomllib
from pathlib import Path

import pytest

from shared.contracts.catalogue import SERVICES
from tests.openapi import Operation, document, operations

MEANT = tomllib.loads(Path(__file__).with_name("access.toml").read_text())


def declared(operation: Operation) -> str | list[str]:
    """What the document says, as access.toml writes it."""
    if operation.roles:
        return sorted(operation.roles)
    if operation.needs_token:
        return "signed in"
    return "everyone, a token may come" if operation.said.get("security") else "everyone"


@pytest.mark.parametrize("service", SERVICES)
def test_each_operation_is_for_whom_it_is_meant(service: str) -> None:
    """A new operation, or another role of one, is written down in access.toml first."""
    assert {each.id: declared(each) for each in operations(document(service))} == MEANT[service]
