"""Puts ranking's HTTP process together."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.ranking.explanation import handlers as explanation
from services.ranking.lists.handlers import fairness, revisions
from services.ranking.lists.handlers import http as lists
from services.ranking.lists.handlers.pages import changes_page
from services.ranking.lists.usecases.adopt_version import ADOPTION
from services.ranking.lists.usecases.decide_tie import TIE
from services.ranking.publication.handlers import http as publication
from services.ranking.publication.handlers.pages import published_page, verifying_page
from services.ranking.publication.storage.signing import KeyFault, SigningKey
from services.ranking.seats import handlers as seats
from services.ranking.seats.usecases.decide_seat_tie import SEAT_TIE
from services.ranking.settings import Settings
from services.ranking.standings.handlers import http as standings
from services.ranking.standings.handlers import streams
from services.ranking.standings.handlers.live import live_standings
from services.ranking.vacancies.handlers import http as vacancies
from services.ranking.vacancies.handlers import pages
from services.ranking.what_if import handlers as what_if
from shared.clock import utc_now
from shared.service_outbox import outbox
from shared.settings import SettingsError
from shared.web.app import create_app
from shared.web.kept_answers import KeptAnswers
from shared.web.pages import Pages
from shared.web.problems import Problems
from shared.web.proposals import ABOUT, proposals

DESCRIPTION = """
Who stands where on each list of a round, by the round's own policy: live as results arrive, and
fixed once an officer closed the list.

**Codes** are the policy's, per list. Live lists have two more: `WAIT`, no result yet, and
`UNDECIDED`, equal in everything at the last seat: an officer decides, never the machine. Equals
share a rank (1, 2, 2, 4). Scores are exact decimals, sent as strings.

**Public** are participant numbers, points, scores, ranks and codes; no name, birth date or mark,
also where these decided a tie.
"""

TAGS = {
    "rounds": "How far a round is, and its lists as officers fix them.",
    "vacancies": "Posts of all rounds, to be searched.",
    "standings": "Lists of candidates in merit order, and one candidate's place.",
    "versions": "What corrections make of a list that was fixed.",
    "seats": "Who has a vacancy's seats, and how empty ones are filled.",
    "proposals": ABOUT,
    "what if": "What other rules would change; nothing is written.",
    "published lists": "Signed lists, to be verified without this server.",
}

ROOMS_WITH_PAGES = ("lists", "seats", "publication", "explanation", "vacancies")


def create_api(settings: Settings, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """The app under /ranking."""
    problems = Problems("ranking", [Path(__file__).with_name("problems.toml")])
    own_pages = Pages("ranking", _page_folders(), problems)
    signing_key = _signing_key(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.live = live_standings(settings.database_url, app.state.resources.pool)
        async with app.state.live.listening():
            yield

    app = create_app(
        "ranking",
        settings,
        [
            lists.rounds(),
            vacancies.vacancies(),
            standings.standings_of_vacancies(),
            standings.candidates_of_rounds(),
            lists.ties(),
            proposals("ranking", [TIE, SEAT_TIE, ADOPTION]),
            seats.filling(),
            seats.seating(),
            explanation.explanations(),
            what_if.questions(),
            revisions.revisions(),
            fairness.reports(),
            streams.streams(settings.zone),
            pages.vacancies_page(own_pages),
            pages.vacancy_pages(own_pages, settings.zone),
            changes_page(own_pages, settings.zone),
            explanation.why_page(own_pages, settings.zone),
            seats.seats_page(own_pages, settings.zone),
            publication.router,
            published_page(own_pages, settings.zone),
            verifying_page(own_pages),
        ],
        title="Terang: ranking (peringkat)",
        description=DESCRIPTION,
        tags=TAGS,
        outbox=outbox("ranking", settings),
        problems=problems,
        pages=own_pages,
        clock=clock,
        lifespan=lifespan,
    )
    app.state.signing_key = signing_key
    app.state.kept_answers = KeptAnswers(settings.kept_answers_mib * 2**20)
    return app


def _page_folders() -> list[Path]:
    """The folders of templates, words and assets: what rooms share, and each room's own."""
    here = Path(__file__).parent
    return [here / "pages", *(here / room / "pages" for room in ROOMS_WITH_PAGES)]


def _signing_key(settings: Settings) -> SigningKey | None:
    """The key that lists are published under, if the deployment has one. Raises SettingsError."""
    if settings.signing_key is None:
        return None
    try:
        return SigningKey.of(settings.signing_key)
    except (KeyFault, OSError) as error:
        raise SettingsError([f"TERANG_RANKING_SIGNING_KEY: {error}"]) from error
