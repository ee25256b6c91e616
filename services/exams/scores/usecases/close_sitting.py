"""An officer closes a sitting: all its results are on record, and are counted in public."""

from datetime import datetime
from uuid import UUID

from services.exams.scores.views import SittingInFigures, in_figures
from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import VERIFIED, Sitting
from services.exams.sittings.storage import SQL, Tally
from shared.contracts.exams import SittingClosed
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

NAMED = 100
"""Vacancies that a refusal names before it only counts."""


async def close_sitting(
    connection: Connection, outbox: Outbox, person: Person, sitting_id: UUID, now: datetime
) -> SittingInFigures:
    """States SittingClosed for each vacancy.

    No candidate gets a first result in it any more, so none follows on the log.

    Raises Refusal `not-found`, `sitting-closed`, `shortlist-incomplete` while the list before is
    not closed or not all here, or `results-missing` with the first missing numbers of each vacancy.
    """
    sitting = await sittings.claim(connection, sitting_id)
    sitting.refuse_if_closed()
    tallied = await sittings.tallies(connection, sitting)
    _refuse_if_shortlist_incomplete(sitting, tallied)
    _refuse_if_results_missing(tallied)
    await SQL.close_sitting(connection, sitting_id=sitting_id, at=now)
    await audit.record(connection, person, "sitting.closed", str(sitting_id), at=now)
    await outbox.append(
        connection,
        [
            Statement(
                SittingClosed(
                    sitting_id=sitting_id,
                    round_id=sitting.round_id,
                    vacancy_id=tally.vacancy_id,
                    stage=sitting.stage,
                    scored=tally.scored,
                    missed=tally.missed,
                    disqualified=tally.disqualified,
                ),
                now,
            )
            for tally in tallied
        ],
    )
    return in_figures(sitting, tallied).model_copy(update={"closed_at": now})


def _refuse_if_shortlist_incomplete(sitting: Sitting, tallied: list[Tally]) -> None:
    if sitting.basis == VERIFIED:
        # nobody counts the verified; whoever is verified later needs another sitting, and ranking
        # waits for it
        return
    awaited = [
        tally
        for tally in tallied
        if tally.shortlisted is None or tally.admitted < tally.shortlisted
    ]
    if awaited:
        first = ", ".join(tally.vacancy_id for tally in awaited[:10])
        raise Refusal("shortlist-incomplete", list=sitting.basis, count=len(awaited), first=first)


def _refuse_if_results_missing(tallied: list[Tally]) -> None:
    missing = [tally for tally in tallied if tally.waiting]
    if missing:
        errors: list[dict[str, object]] = [
            {
                "column": tally.vacancy_id,
                "reason": f"{tally.waiting}: {', '.join(tally.first)}{' …' * (tally.waiting > len(tally.first))}",
            }
            for tally in missing[:NAMED]
        ]
        raise Refusal(
            "results-missing",
            count=sum(tally.waiting for tally in missing),
            vacancies=len(missing),
            errors=errors,
        )
