"""The whole platform, as `terang local up` starts it, in a folder of its own for the session."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.demo.client import Client
from deploy.local import control
from deploy.local.state import StackStatus


@pytest.fixture(scope="session")
def stack_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stack of these tests keeps its data and logs."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def stack(stack_folder: Path) -> Iterator[StackStatus]:
    """A running stack."""
    with control.running_stack(stack_folder, lambda _phase: None) as status:
        yield status


@pytest.fixture
async def client(stack: StackStatus) -> AsyncIterator[Client]:
    """A client of the stack."""
    async with Client(stack.door) as opened:
        yield opened
