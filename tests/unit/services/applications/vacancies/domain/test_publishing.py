"""When the vacancies of a round may be published."""

import pytest

from services.applications.vacancies.domain.publishing import check_quotas, check_seats
from shared.policies import Policy, load
from shared.refusals import Refusal


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
    """A kind of need has its share of all seats, exactly or more.

    A policy without quotas asks for nothing.
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
