"""Complaints as they are shown: without words to all, whole to officers and the complainant."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from services.feedback.complaints.domain.complaint import ComplaintOutcome
from services.feedback.complaints.domain.tracking import fingerprint
from services.feedback.complaints.storage import COMPLAINTS
from shared.contracts.feedback import ComplaintCategory
from shared.contracts.strict import Command, line_of_text
from shared.identity import Person
from shared.paging import Page, from_cursor, page
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class ComplaintView(BaseModel):
    """A complaint; who filed it is never shown."""

    complaint_id: UUID = Field(description="Its id")
    unit_id: str = Field(description="The unit that it is about")
    category: ComplaintCategory | None = Field(
        None,
        description="Not shown to the public where the unit had fewer than 5 staff: "
        "it would point at persons",
    )
    filed_on: date = Field(description="Day in the province's zone")
    outcome: ComplaintOutcome | None = Field(None, description="None while it waits for an answer")
    resolved_on: date | None = Field(
        None, description="Day of the answer in the province's zone; none while it waits"
    )
    text: str | None = Field(None, description="What happened; for officers and the complainant")
    place: str | None = Field(None, description="Where; for officers and the complainant")
    happened_on: date | None = Field(None, description="When; for officers and the complainant")
    answer: str | None = Field(
        None, description="The officer's answer; for officers and the complainant"
    )


class TrackComplaint(Command):
    """Asks for a complaint by its code; in the body, since addresses are written into logs."""

    tracking_code: Annotated[
        str,
        *line_of_text(40),
        Field(
            description="As it was shown; blanks, dashes and case don't matter",
            examples=["7K3M-Q9XA-02TD-VR5Z"],
        ),
    ]


async def show_complaints(
    connection: Connection,
    person: Person | None,
    unit_id: str | None,
    waiting: bool,
    cursor: str | None,
    limit: int,
) -> Page[ComplaintView]:
    """Complaints about a unit, whole for officers and without words for everyone else.

    The public sees what was stated. Officers see all, may leave the unit out, and ask for those
    alone that wait for an answer. Those come with the oldest day first, all others with the newest
    first. Raises Refusal `unauthenticated` or `not-your-role` where others ask for what only
    officers may, or `bad-cursor`.
    """
    if person is not None and "officer" in person.roles:
        return await _whole_complaints(connection, unit_id, waiting, cursor, limit)
    if unit_id is None or waiting:
        raise _for_officers(person)
    last_seen = _last_seen(cursor)
    rows = COMPLAINTS.complaints_of_unit(
        connection,
        unit_id=unit_id,
        before_day=last_seen.day,
        before=last_seen.complaint_id,
        most=limit + 1,
    )
    return await _page(rows, limit)


def _for_officers(person: Person | None) -> Refusal:
    """What is said to who is no officer, or does not say who they are."""
    if person is None:
        return Refusal("unauthenticated")
    return Refusal("not-your-role", roles="officer")


async def _whole_complaints(
    connection: Connection, unit_id: str | None, waiting: bool, cursor: str | None, limit: int
) -> Page[ComplaintView]:
    last_seen, most = _last_seen(cursor), limit + 1
    if waiting:
        rows = COMPLAINTS.open_complaints_with_words(
            connection,
            unit_id=unit_id,
            after_day=last_seen.day,
            after=last_seen.complaint_id,
            most=most,
        )
    else:
        rows = COMPLAINTS.complaints_with_words(
            connection,
            unit_id=unit_id,
            before_day=last_seen.day,
            before=last_seen.complaint_id,
            most=most,
        )
    return await _page(rows, limit)


async def show_own_complaints(
    connection: Connection, person: Person, cursor: str | None, limit: int
) -> Page[ComplaintView]:
    """What a person filed under their name, the newest day first. Raises Refusal `bad-cursor`."""
    last_seen = _last_seen(cursor)
    rows = COMPLAINTS.complaints_of_person(
        connection,
        subject=person.subject,
        before_day=last_seen.day,
        before=last_seen.complaint_id,
        most=limit + 1,
    )
    return await _page(rows, limit)


async def show_complaint(
    connection: Connection, person: Person, complaint_id: UUID
) -> ComplaintView:
    """One complaint for its owner or an officer.

    Raises Refusal `unknown-complaint`, `not-your-complaint`.
    """
    row = await COMPLAINTS.complaint(connection, complaint_id=complaint_id)
    if row is None:
        raise Refusal("unknown-complaint", complaint_id=complaint_id)
    if "officer" not in person.roles and row["subject"] != person.subject:
        raise Refusal("not-your-complaint")
    return ComplaintView.model_validate(dict(row))


async def show_tracked_complaint(connection: Connection, command: TrackComplaint) -> ComplaintView:
    """The complaint that the code opens. Raises Refusal `unknown-tracking-code`."""
    row = await COMPLAINTS.tracked_complaint(
        connection, tracking_hash=fingerprint(command.tracking_code)
    )
    if row is None:
        raise Refusal("unknown-tracking-code")
    return ComplaintView.model_validate(dict(row))


class _LastSeen(NamedTuple):
    """The last complaint of the page before: its day and its id, by which pages are in order."""

    day: date | None
    complaint_id: UUID | None


def _last_seen(cursor: str | None) -> _LastSeen:
    key = from_cursor(cursor, fields=2)
    if key is None:
        return _LastSeen(None, None)
    try:
        return _LastSeen(date.fromisoformat(str(key[0])), UUID(str(key[1])))
    except ValueError as error:
        raise Refusal("bad-cursor") from error


async def _page(rows: AsyncIterator[Mapping[str, object]], limit: int) -> Page[ComplaintView]:
    complaints = [ComplaintView.model_validate(dict(row)) async for row in rows]
    return page(
        complaints,
        limit,
        lambda complaint: (complaint.filed_on.isoformat(), str(complaint.complaint_id)),
    )
