"""Puts the HTTP process of exams together."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.exams.scores import handlers as scores
from services.exams.scores.usecases.correct_score import CORRECTION
from services.exams.scores.usecases.disqualify_candidate import disqualification
from services.exams.settings import Settings
from services.exams.sittings import handlers as sittings
from shared.clock import utc_now
from shared.service_outbox import outbox
from shared.web.app import create_app
from shared.web.problems import Problems
from shared.web.proposals import ABOUT, proposals

DESCRIPTION = """
Officers schedule sittings; examiners and proctors record what became of each candidate there;
officers close them.

**One result.** A candidate has one result at each stage of a round, whichever sitting recorded it:
points, absent (TH) or disqualified (DIS). Points and absences are replaced by a correction, with a
reason, or by a disqualification. In a closed sitting, and to disqualify anywhere, one person
proposes and an officer confirms. Points
are texts in digits (`"120"`, `"82.5"`), so that they stay exact; the round's policy says which
components there are, their maxima and steps.

**Who may sit.** Whoever was verified sits the first stage; whoever the list before shortlisted sits
a later one. Both are learnt from events, a moment after they were decided: an answer 409 that says
so is worth another try, with the same Idempotency-Key.

**Closing.** A sitting closes when no admitted candidate of its vacancies waits for a result. From
then on it takes no first results; officers may still correct and disqualify. Words about persons
stay here, and are in no event.
"""

TAGS = {
    "sittings": "When and where a stage of tests is taken, and by whom.",
    "results": "Points, absences and disqualifications.",
    "proposals": ABOUT,
}


def create_api(settings: Settings, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The app under /exams."""
    return create_app(
        "exams",
        settings,
        [
            sittings.router,
            scores.router,
            proposals("exams", [CORRECTION, disqualification(settings.zone)]),
        ],
        title="Terang: exams (ujian)",
        description=DESCRIPTION,
        tags=TAGS,
        outbox=outbox("exams", settings),
        problems=Problems("exams", [Path(__file__).with_name("problems.toml")]),
        clock=clock,
    )
