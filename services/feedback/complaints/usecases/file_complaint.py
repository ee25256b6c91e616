"""A citizen complains about a unit, under a name or none."""

import secrets
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from services.feedback.complaints.domain.complaint import check_happened, shows_category
from services.feedback.complaints.domain.tracking import RANDOM_BYTES, fingerprint, tracking_code
from services.feedback.complaints.storage import COMPLAINTS
from services.feedback.units.storage import UNITS
from shared.contracts.feedback import ComplaintCategory
from shared.contracts.fields import UnitId
from shared.contracts.strict import Command, DayInRequest, line_of_text, lines_of_text
from shared.identity import Person
from shared.postgres.pool import Connection
from shared.refusals import Refusal

FreeText = Annotated[str, *lines_of_text(5_000)]
PlaceText = Annotated[str, *line_of_text(200)]


class FileComplaint(Command):
    """A complaint. Only the officers who answer it read its words."""

    unit_id: UnitId
    category: Annotated[ComplaintCategory, Field(description="What it is about")]
    text: Annotated[
        FreeText, Field(description="What happened. Please name no one who is not concerned")
    ]
    place: Annotated[PlaceText | None, Field(description="Where, for example which counter")] = None
    happened_on: Annotated[
        DayInRequest | None, Field(description="The day, in the province's zone; not ahead")
    ] = None


class ComplaintReceipt(BaseModel):
    """The complaint is taken."""

    complaint_id: UUID = Field(description="Its id, by which lists and events know it")
    tracking_code: str = Field(
        description="Opens the answer later (POST …/complaints/tracking). "
        "Shown now and never again: write it down",
        examples=["7K3M-Q9XA-02TD-VR5Z"],
    )


async def file_complaint(
    connection: Connection,
    citizen: Person | None,
    command: FileComplaint,
    now: datetime,
    zone: ZoneInfo,
) -> ComplaintReceipt:
    """Keeps a complaint, which is stated when its day is over; with no `citizen` it is anonymous.

    Its id is random and its day is all that is kept of the time. Raises Refusal `unknown-unit`,
    `not-happened-yet`.
    """
    today = now.astimezone(zone).date()
    check_happened(command.happened_on, today)
    staff = await UNITS.staff(connection, unit_id=command.unit_id)
    if staff is None:
        raise Refusal("unknown-unit", unit_id=command.unit_id)
    complaint_id = uuid4()
    code = tracking_code(secrets.token_bytes(RANDOM_BYTES))
    await COMPLAINTS.insert_complaint(
        connection,
        complaint_id=complaint_id,
        unit_id=command.unit_id,
        category=command.category,
        category_shown=shows_category(staff),
        filed_on=today,
    )
    await COMPLAINTS.insert_words(
        connection,
        complaint_id=complaint_id,
        subject=citizen.subject if citizen else None,
        tracking_hash=fingerprint(code),
        text=command.text,
        place=command.place,
        happened_on=command.happened_on,
    )
    return ComplaintReceipt(complaint_id=complaint_id, tracking_code=code)
