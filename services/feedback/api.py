"""Puts feedback's HTTP process together."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.feedback.complaints import handlers as complaints
from services.feedback.flags import handlers as flags
from services.feedback.settings import Settings
from services.feedback.units import handlers as units
from shared.clock import utc_now
from shared.service_outbox import outbox
from shared.web.app import create_app
from shared.web.problems import Problems

DESCRIPTION = """
Citizens complain about units, under their name or none; officers answer; statistics say which units
need staff, training or another process.

**Flags.** A unit's rate of complaints in the last twelve calendar months is compared with the
province's, by services rendered (by staff where none are reported). `probability` says how sure it
is that the unit's rate is above the province's by `ratio`. The settings say when a flag is raised
and, at a lower limit, cleared. Complaints answered `not-upheld` or `referred` don't count.

**What isn't shown.** Words and complainants are for officers and complainants alone. Of complaints
and answers the public learns the day: all of a day appear together, once it is over. Where a unit
has fewer than 5 staff, the category of a complaint isn't shown either, here or in events, and the
unit is judged by its complaints all together: a category would point at persons.
"""

TAGS = {
    "complaints": "What citizens say of units, and what officers answer.",
    "units": "How units stand by their complaints, and the figures they are compared by.",
}


def create_api(settings: Settings, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The app under /feedback."""
    return create_app(
        "feedback",
        settings,
        [complaints.router, units.router, flags.router(settings.limits)],
        title="Terang: feedback (umpan balik)",
        description=DESCRIPTION,
        tags=TAGS,
        outbox=outbox("feedback", settings),
        problems=Problems("feedback", [Path(__file__).with_name("problems.toml")]),
        clock=clock,
        unobserved={"/feedback/complaints", "/feedback/complaints/tracking"},
    )
