"""Puts the HTTP process of applications together."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.applications.registration.handlers import router as registration
from services.applications.registration.usecases.close_registration import EARLY_CLOSING
from services.applications.registration.usecases.submit_application import ApplicationReceipt
from services.applications.registration.usecases.submit_together import (
    Submission,
    submit_together,
)
from services.applications.rounds.handlers import router as rounds
from services.applications.rounds.policies import router as policies
from services.applications.seats.handlers import router as seats
from services.applications.settings import Settings
from services.applications.status.handlers import router as status
from services.applications.vacancies.handlers import router as vacancies
from services.applications.verification.handlers import router as verification
from shared.clock import utc_now
from shared.postgres.group_commit import GroupCommit
from shared.service_outbox import outbox
from shared.web.app import create_app
from shared.web.dependencies import Resources
from shared.web.problems import Problems
from shared.web.proposals import ABOUT, proposals

DESCRIPTION = """
Officers register units, open rounds, import and publish vacancies (formasi); applicants apply; \
verifiers decide whether an application meets the
requirements (MS) or not (TMS); applicants may take theirs back; officers close registration.

**Participant numbers** (`0042-000017`: the vacancy's number in its round, then who applied how \
many-th) stand for people everywhere else. Who it is, and
what they stated of themselves, stays here; ties and rules learn the facts over a restricted \
topic.

**Once.** What creates takes `Idempotency-Key`: sent again with the same key it has its effect \
once. A decision that stands already is no other one.
"""

TAGS = {
    "rounds": "Selections of the province, from opening to the close of registration.",
    "policies": "The rules that a round can be opened under.",
    "units": "The offices of the province, where people work.",
    "vacancies": "Posts of a round (formasi), with their seats.",
    "applications": "What applicants send, and what verifiers decide on it.",
    "proposals": ABOUT,
    "seats": "Answers to seats that were offered, and seats that are given up.",
}


def create_api(settings: Settings, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The app under /applications."""
    app = create_app(
        "applications",
        settings,
        [
            policies,
            rounds,
            vacancies,
            registration,
            verification,
            seats,
            status,
            proposals("applications", [EARLY_CLOSING]),
        ],
        title="Terang: applications (lamaran)",
        description=DESCRIPTION,
        tags=TAGS,
        outbox=outbox("applications", settings),
        problems=Problems("applications", [Path(__file__).with_name("problems.toml")]),
        clock=clock,
    )

    async def take_in(group: Sequence[Submission]) -> list[ApplicationReceipt | None]:
        resources: Resources = app.state.resources
        return await submit_together(resources.pool, resources.outbox, group)

    app.state.submissions = GroupCommit(take_in)
    return app
