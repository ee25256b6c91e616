"""When a round may be opened, and its vacancies published."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.applications.rounds.domain import check_calendar, check_quotas, check_seats
from services.applications.vacancies.domain.units import Unit, UnitRow, changed, faults
from shared.policies import Policy, load
from shared.refusals import Refusal

ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 8, 20, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("opens", "closes", "code"),
    [
        (NOW, NOW, "calendar-reversed"),
        (NOW + DAY, NOW, "calendar-reversed"),
        (NOW - DAY, NOW, "calendar-past"),
        (NOW - DAY, NOW + DAY, None),
    ],
)
def test_calendar(opens: datetime, closes: datetime, code: str | None) -> None:
    """A calendar runs forward and isn't over when the round is opened; it may have begun."""
    if code is None:
        check_calendar(opens, closes, NOW, ZONE)
    else:
        with pytest.raises(Refusal) as refused:
            check_calendar(opens, closes, NOW, ZONE)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("seats", "code"), [(0, "nothing-to-publish"), (11, "seats-differ"), (13, "seats-differ")]
)
def test_seats(seats: int, code: str) -> None:
    """Neither fewer nor more seats than decreed may be shown."""
    check_seats(12, 12)
    with pytest.raises(Refusal) as refused:
        check_seats(seats, 12)
    assert refused.value.code == code


def test_quotas() -> None:
    """A kind of need has its share of all seats, exactly or more; a policy without quotas asks for
    nothing.
    """
    national = load("national-cpns-2024")
    quota = {"need": "DISABILITAS", "least_percent": "2", "authority": "seats"}
    policy = Policy.model_validate({**national.as_json(), "quotas": [quota]})
    check_quotas(policy, {"UMUM": 98, "DISABILITAS": 2})
    check_quotas(national, {"UMUM": 100})
    for seats in ({"UMUM": 99, "DISABILITAS": 1}, {"UMUM": 100}):
        with pytest.raises(Refusal) as refused:
            check_quotas(policy, seats)
        assert refused.value.code == "quotas-not-met"
        assert "DISABILITAS" in str(refused.value.facts["short"])


def test_changed_units() -> None:
    """A unit counts as changed by its path or staff; surplus blanks are no change."""
    known = {"U-1": Unit("U-1", "A | B", 1), "U-2": Unit("U-2", "A | C", 1)}
    rows = [
        UnitRow(unit_id="U-1", path="A  |  B", staff=1),
        UnitRow(unit_id="U-2", path="A | C", staff=2),
        UnitRow(unit_id="U-3", path="A | D", staff=0),
    ]
    assert [unit.unit_id for unit in changed(rows, known)] == ["U-2", "U-3"]


def test_a_path_may_move_within_a_file() -> None:
    """A path is taken only by a unit that the file leaves as it is."""
    known = [Unit("U-1", "A", 1)]
    moves = [
        (2, UnitRow(unit_id="U-2", path="a", staff=1)),
        (3, UnitRow(unit_id="U-1", path="B", staff=1)),
    ]
    assert faults(moves, known) == []
    assert [fault["line"] for fault in faults(moves[:1], known)] == [2]
