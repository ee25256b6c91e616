"""The tally of the fault tests (tests/fault/tally.py), its dispatch called directly and its worker as a process."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest

from shared.messaging.dispatch import Dispatch
from shared.messaging.parser import Heard, hear
from shared.messaging.envelope import Record
from shared.messaging.position import Place, Position
from shared.postgres.pool import Pool, create_pool
from tests.fault.conftest import stage
from tests.fault.tally import Catalogue, Stage

__all__ = ["stage"]

NOW = datetime(2026, 8, 20, 3, tzinfo=UTC)
