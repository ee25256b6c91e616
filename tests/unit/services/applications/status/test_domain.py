"""What a candidate is told of the lists."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.applications.registration.domain import ApplicationStatus
from services.applications.status.domain import PassedList, list_statuses

T = datetime(2026, 10, 1, tzinfo=UTC)
LATER = T + timedelta(days=30)
SKD = PassedList("skd", selected=False, rank=3, score=Decimal(400), code="P/L", at=T)
FINAL = PassedList("final", selected=True, rank=1, score=Decimal(80), code="L", at=LATER)


@pytest.mark.parametrize(
    ("status", "results", "closed", "told"),
    [
        ("verified", [], {}, []),
        ("verified", [SKD], {}, ["skd shortlisted"]),
        (
            "verified",
            [FINAL, SKD],
            {"skd": T, "final": LATER},
            ["skd shortlisted", "final selected"],
        ),
        ("verified", [SKD], {"skd": T, "final": LATER}, ["skd shortlisted", "final not-passed"]),
        ("verified", [], {"skd": T, "final": LATER}, ["skd not-passed"]),
        ("verified", [], {"final": LATER, "skd": T}, ["skd not-passed"]),
        ("rejected", [], {"skd": T}, []),
        ("withdrawn", [SKD], {"skd": T, "final": LATER}, ["skd shortlisted"]),
        ("submitted", [], {"skd": T}, []),
    ],
)
def test_standings(
    status: ApplicationStatus,
    results: list[PassedList],
    closed: dict[str, datetime],
    told: list[str],
) -> None:
    """Lists are told in order of time, up to the first that a verified candidate did not pass."""
    assert [
        f"{told_of_list.list} {told_of_list.outcome}"
        for told_of_list in list_statuses(status, results, closed)
    ] == told
