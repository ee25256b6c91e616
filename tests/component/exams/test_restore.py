"""What `terang recover exams` takes back in, after its database was restored from a backup."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from shared.contracts.exams import ExamMissed, ExamScoreCorrected
from tests.component.conftest import ServiceApp
from tests.component.exams.conftest import DOCTOR, GOOD, NURSE, Exams, code, number
from tests.component.restored import back_up, on_the_log, publish, recover, rows, topics_of
from tests.servers import Servers

N1, N2, N3, N4 = (number(NURSE, n) for n in (1, 2, 3, 4))
D1, D2 = number(DOCTOR, 1), number(DOCTOR, 2)
RIGHT = {**GOOD, "TWK": "125"}
FACTS = {
    "sittings": "SELECT * FROM sitting ORDER BY sitting_id",
    "vacancies": "SELECT * FROM sitting_vacancy ORDER BY sitting_id, vacancy_id",
    "results": "SELECT * FROM result ORDER BY participant_no, stage",
}
Start = Callable[..., Awaitable[ServiceApp]]


@pytest.fixture
async def topics(servers: Servers) -> None:
    """Empty topics of exams."""
    await servers.fresh_topics(*topics_of("exams"))


@pytest.mark.usefixtures("topics")
async def test_an_absence_took_the_place_of_a_score_that_the_backup_lacked(
    servers: Servers, exams: Exams, service_app: Start
) -> None:
    """Sittings, scores, corrections, absences, disqualifications and closings are all there again.

    What follows is decided by them, and nothing is stated twice.
    """
    bootstrap = servers.bootstrap
    sitting = await exams.schedule(NURSE)
    assert (await exams.score(sitting, N1)).status_code == 201
    assert (await exams.absent(sitting, N4)).status_code == 201
    proposed = await exams.post(
        f"/sittings/{sitting}/disqualifications",
        {"participant_no": N3, "reason": "Membawa ponsel"},
        role="proctor",
    )
    await publish("exams", exams.service.address, bootstrap)
    backup = await back_up(servers, exams.service)

    exams.service.clock.advance(minutes=5)
    assert (await exams.score(sitting, N2)).status_code == 201
    assert (await exams.correct(sitting, N1, RIGHT)).status_code == 201
    assert (await exams.confirmed(proposed)).status_code == 200
    assert (await exams.correct(sitting, N4, GOOD)).status_code == 201
    assert (await exams.close(sitting)).status_code == 200
    later = await exams.schedule(DOCTOR, site="Hall B")
    assert (await exams.score(later, D1)).status_code == 201
    assert (await exams.absent(later, D2)).status_code == 201
    await publish("exams", exams.service.address, bootstrap)
    was = await rows(exams.service.pool, FACTS)
    stated = await on_the_log("exams", bootstrap)

    recovered = await recover("exams", backup, bootstrap, "--yes")
    assert recovered.returncode == 0, recovered.stderr
    assert "was open in the backup and is closed" in recovered.stdout
    again = Exams(await service_app("exams", DATABASE_URL_EXAMS=backup))
    again.service.clock.advance(minutes=10)
    assert await rows(again.service.pool, FACTS) == was

    assert code(await again.absent(later, D1)) == "already-scored"
    assert code(await again.absent(sitting, N2)) == "sitting-closed"
    assert code(await again.confirmed(proposed)) == "proposal-closed"
    assert code(await again.disqualify(sitting, N3, role="officer")) == "already-disqualified"
    assert (await again.correct(later, D1, RIGHT)).status_code == 201
    assert (await again.close(later)).status_code == 200
    await publish("exams", backup, bootstrap)
    now = await on_the_log("exams", bootstrap)
    assert set(now.values()) == {1}
    assert len(now) == len(stated) + 2  # the correction and the closing


@pytest.mark.usefixtures("topics")
async def test_what_was_recorded_since_the_restoring_is_named(
    servers: Servers, exams: Exams, service_app: Start
) -> None:
    """An absence recorded before the command ran stands behind the score, and is named.

    Log and database agree: of a candidate's results the newest counts.
    """
    bootstrap = servers.bootstrap
    sitting = await exams.schedule(NURSE)
    await publish("exams", exams.service.address, bootstrap)
    backup = await back_up(servers, exams.service)
    assert (await exams.score(sitting, N1)).status_code == 201
    assert (await exams.score(sitting, N2)).status_code == 201
    await publish("exams", exams.service.address, bootstrap)

    yesterday = Exams(await service_app("exams", DATABASE_URL_EXAMS=backup))
    yesterday.service.clock.now = exams.service.clock.now + timedelta(minutes=5)
    assert (await yesterday.absent(sitting, N1)).status_code == 201
    await yesterday.service.pool.close()
    recovered = await recover("exams", backup, bootstrap, "--yes")
    assert recovered.returncode == 0, recovered.stderr
    assert f"Left as they are: cpns-2024/skd/{N1}. Each has a result here" in recovered.stdout
    await publish("exams", backup, bootstrap)
    again = Exams(await service_app("exams", DATABASE_URL_EXAMS=backup))
    states = {
        row["participant_no"]: row["state"]
        for row in (await rows(again.service.pool, FACTS))["results"]
    }
    assert states == {N1: "missed", N2: "scored"}
    assert len(await again.service.stated(ExamMissed)) == 1
    assert await again.service.stated(ExamScoreCorrected) == []
