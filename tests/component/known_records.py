"""Each service with something in it, and by what names requests find it."""

from collections.abc import Mapping

from shared.contracts.applications import UnitRegistered
from tests.component.applications import conftest as applications
from tests.component.conftest import ServiceApp
from tests.component.exams import conftest as exams
from tests.component.ranking import conftest as ranking

Names = Mapping[str, str]
"""By parameter or field: an id that exists."""


async def fill(service: ServiceApp) -> Names:
    """Brings records in as people and other services would; the names of some of them."""
    return await FILL[service.name](service)


async def _applications(service: ServiceApp) -> Names:
    office = applications.Office(service)
    officer, path = office.officer(), f"/rounds/{applications.ROUND}/vacancies/import"
    applications.ok(await office.post("/units/import", officer, applications.UNITS))
    applications.ok(await office.open(), 201)
    applications.ok(await office.post(path, officer, applications.VACANCIES))
    applications.ok(await office.publish())
    applied = await office.post(
        f"/vacancies/{applications.GENERAL}/applications",
        office.applicant("everybody"),
        applications.FACTS,
    )
    return {
        "round_id": applications.ROUND,
        "vacancy_id": applications.GENERAL,
        "participant_no": applications.ok(applied, 201)["participant_no"],
    }


async def _exams(service: ServiceApp) -> Names:
    await service.hear(
        exams.round_opened(),
        exams.vacancy_published(exams.NURSE),
        *exams.verified(exams.NURSE, 1, 2),
    )
    sitting = await exams.Exams(service).schedule(exams.NURSE)
    return {
        "round_id": exams.ROUND,
        "vacancy_id": exams.NURSE,
        "sitting_id": sitting,
        "participant_no": exams.number(exams.NURSE, 1),
        "stage": "skd",
    }


async def _ranking(service: ServiceApp) -> Names:
    facts = ranking.Facts({"v1": 1, "v2": 1})
    await service.hear(*facts.opened(), *facts.people("v1", 3), *facts.people("v2", 2))
    await service.hear(*(facts.skd("v1", each, 100, 100, 200) for each in (1, 2, 3)))
    return {
        "round_id": ranking.ROUND,
        "vacancy_id": "v1",
        "participant_no": ranking.number("v1", 1),
        "stage": "skd",
        "list": "skd",
        "version": "1",
    }


async def _feedback(service: ServiceApp) -> Names:
    await service.hear(UnitRegistered(unit_id="U-1", path="Kota | Dinas", staff=20))
    filed = await service.http.post(
        "/feedback/complaints",
        json={"unit_id": "U-1", "category": "conduct", "text": "I waited four hours"},
        headers=service.who("everybody", "applicant"),
    )
    return {"unit_id": "U-1", **filed.json()}


FILL = {
    "applications": _applications,
    "exams": _exams,
    "ranking": _ranking,
    "feedback": _feedback,
}
