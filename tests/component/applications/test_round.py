"""From units to a published round, over HTTP."""

from shared.contracts.applications import RoundOpened, UnitRegistered, VacancyPublished
from tests.component.applications.conftest import (
    ROUND,
    UNITS,
    VACANCIES,
    Office,
    ok,
    real_list,
    refused,
    units_of,
)


async def test_real_list(office: Office) -> None:
    """The real list of 2024 is imported whole and published, numbered in order of listing id."""
    ok(await office.post("/units/import", office.officer(), units_of(real_list())))
    ok(await office.open(seats=144), 201)
    imported = ok(await office.post(f"/rounds/{ROUND}/vacancies/import", office.officer(), real_list()))
    assert imported == {"rows": 175, "vacancies": 98, "seats": 144, "decreed_seats": 144}
    assert ok(await office.publish())["published_at"] is not None
    published = await office.service.stated(VacancyPublished)
    assert [vacancy.number for vacancy in published] == list(range(1, 99))
    assert [vacancy.listing_id for vacancy in published] == sorted(vacancy.listing_id for vacancy in published)
    assert sum(len(vacancy.education) for vacancy in published) == 175
