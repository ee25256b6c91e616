"""Sittings of the national policy, for the tests of exams."""

from datetime import UTC, datetime
from uuid import UUID

from services.exams.sittings.domain import Sitting
from shared.policies import load
from shared.refusals import Refusal

POLICY = load("national-cpns-2024")
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)


def sitting(stage: str = "skd", *, closed: bool = False) -> Sitting:
    """A sitting of the national policy."""
    at = datetime(2026, 8, 20, tzinfo=UTC)
    return Sitting(HERE, "cpns-2024", stage, "Hall A", at, at if closed else None, POLICY)


def code(refusal: Refusal | None) -> str | None:
    """The refusal's code, if there is one."""
    return refusal.code if refusal else None
