"""What operators see of requests, and what nobody may see of them."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from tests.component.applications.conftest import CLOSES, GENERAL, OPENS, ROUND, Office, ok
from tests.component.conftest import ServiceApp

Start = Callable[..., Awaitable[ServiceApp]]
COMPLAINTS = "/feedback/complaints"
ROUND_BODY = {
    "round_id": ROUND,
    "name": "CPNS 2026",
    "policy_id": "national-cpns-2024",
    "decreed_seats": 4,
    "calendar": {"registration_opens": OPENS, "registration_closes": CLOSES},
}


def answered(method: str, route: str, status: int) -> float:
    """Requests counted so far."""
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("terang_http_requests_total", labels) or 0.0


@pytest.fixture
async def feedback(service_app: Start) -> ServiceApp:
    """The service of feedback, which knows no unit."""
    return await service_app("feedback")


async def test_requests_are_counted_by_the_template_of_their_route(
    office: Office,
) -> None:
    """No address and no number of a person becomes a label; refusals are counted by status."""
    route = "/applications/vacancies/{vacancy_id}/applications/{participant_no}"
    before = answered("GET", route, 401), answered("GET", "none", 404)
    await office.service.http.get("/applications/vacancies/v1/applications/0001-000001")
    await office.service.http.get("/applications/nowhere/0001-000001")
    assert (answered("GET", route, 401), answered("GET", "none", 404)) == (
        before[0] + 1,
        before[1] + 1,
    )
    labels = [str(sample.labels) for metric in REGISTRY.collect() for sample in metric.samples]
    assert not [text for text in labels if "0001-000001" in text]


async def test_a_line_for_each_request_without_its_address(office: Office) -> None:
    """Method, route, status and duration; neither the address nor what was searched for."""
    with capture_logs() as lines:
        await office.service.http.get(
            f"/applications/rounds/{ROUND}/vacancies?search=Siti", headers={"Accept": "*/*"}
        )
        await office.service.http.get("/live")
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["route"]) == ("GET", "/applications/rounds/{round_id}/vacancies")
    assert line["ms"] >= 0
    assert "Siti" not in str(lines)


async def test_an_id_from_outside_is_logged_and_never_put_into_events(
    office: Office,
) -> None:
    """The answer, the log and the event have an id of ours; what was sent is in the log alone."""
    sent = {"X-Request-ID": "from outside\x7f-7"}
    with capture_logs() as lines:
        answer = await office.post("/rounds", office.officer() | sent, ROUND_BODY)
    own = answer.headers["X-Request-ID"]
    assert str(UUID(own)) == own
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["sent_request_id"] == "fromoutside-7"
    rows = await office.service.pool.fetch("SELECT headers FROM messaging.outbox")
    assert rows
    for row in rows:
        assert f'"{own}"' in row["headers"]
        assert "outside" not in row["headers"]


async def test_complaints_leave_no_hour(feedback: ServiceApp) -> None:
    """A complaint that is taken is neither counted nor logged; one that is refused is both."""
    before = answered("POST", COMPLAINTS, 422)
    with capture_logs() as lines:
        await feedback.http.post(COMPLAINTS, json={})
    assert [line["status"] for line in lines if line["event"] == "request"] == [422]
    assert answered("POST", COMPLAINTS, 422) == before + 1
    tracked = await feedback.http.get(f"{COMPLAINTS}?unit_id=health")
    assert tracked.status_code == 200
    assert answered("GET", COMPLAINTS, 200) == 0


async def test_our_fault_is_counted_and_names_the_request(office: Office) -> None:
    """A failure of ours is a 500 in the metrics, and its log line has the id of the answer."""
    office.service.http._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    route = "/applications/rounds/{round_id}/vacancies"
    before = answered("GET", route, 500)
    office.service.app.state.resources = None
    with capture_logs() as lines:
        answer = await office.get(f"/rounds/{ROUND}/vacancies")
    assert answer.status_code == 500
    assert [line["event"] for line in lines] == ["our fault", "request"]
    assert ROUND not in str(lines)  # addresses hold participant numbers
    assert answered("GET", route, 500) == before + 1
    assert str(UUID(answer.headers["X-Request-ID"]))


async def test_reading_anothers_application_is_audited(open_round: Office) -> None:
    """A verifier who reads an application leaves a line in the trail; its owner leaves none."""
    number = ok(await open_round.apply("person-1"), 201)["participant_no"]
    path = f"/vacancies/{GENERAL}/applications/{number}"
    read = "SELECT subject, object FROM audit WHERE action = 'application.read'"
    ok(await open_round.get(path, open_round.applicant("person-1")))
    assert await open_round.service.pool.fetch(read) == []
    ok(await open_round.get(path, open_round.verifier()))
    rows = await open_round.service.pool.fetch(read)
    assert [tuple(row) for row in rows] == [("verifier-1", f"{GENERAL}/{number}")]
