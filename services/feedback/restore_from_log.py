"""Takes back from the log what the service itself had stated (`terang recover feedback`)."""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.feedback.complaints.storage import COMPLAINTS
from services.feedback.flags.storage import FLAGS
from services.feedback.units.storage import UNITS
from shared.contracts.catalogue import stated_by
from shared.contracts.feedback import ComplaintFiled, ComplaintResolved, UnitCleared, UnitFlagged
from shared.messaging.envelope import Event, Record
from shared.messaging.parser import events, read_headers
from shared.postgres.pool import Connection


async def restore(connection: Connection, records: Sequence[Record]) -> list[str]:
    """Takes in complaints, answers and flags that the log has and the database lacks.

    What the database has and did not know as stated is marked so: it must not be stated again.

    They come in the order of the log; an assessment is owed then. Words, complainants and tracking
    codes are on no log, and neither are services rendered. Returns lines for the operator: what was
    taken in, and what a person has to see to.
    """
    contracts = {contract.type: contract for contract in stated_by("feedback").values()}
    taken: Counter[str] = Counter()
    lines: list[str] = []
    for record in records:
        inbound = read_headers(record)
        contract = contracts.get(inbound.type or "")
        read = events(contract, [inbound])[0] if contract and inbound.fault is None else None
        if not isinstance(read, Event):
            lines.append(
                f"Not taken in: {record.topic}/{record.partition} at offset {record.offset} "
                "is no event known here."
            )
        elif fault := await _take_in(connection, read):
            lines.append(fault)
        else:
            taken[read.type] += 1
    await UNITS.owe_assessment(connection)
    lines = [f"Taken in: {count} {type_}" for type_, count in sorted(taken.items())] + lines
    if taken["terang.ComplaintFiled"]:
        lines.append(
            "Complaints that the backup lacked came back without words and person: no tracking "
            "code opens them. Those of units with fewer than 5 staff stand under the category "
            "`other`. Complaints and answers of a day that was not over are on no log."
        )
    lines.append(
        "Import the services rendered that were imported since the backup once more: "
        "they are on no log."
    )
    return lines


async def _take_in(connection: Connection, event: Event[Any]) -> str | None:
    """Takes one event in; returns what stands against it."""
    data: ComplaintFiled | ComplaintResolved | UnitFlagged | UnitCleared = event.data
    match data:
        case ComplaintFiled():
            return await _take_complaint(connection, data)
        case ComplaintResolved():
            waited = await COMPLAINTS.restore_resolution(
                connection,
                complaint_id=data.complaint_id,
                outcome=data.outcome,
                days=data.days,
            )
            if not waited:
                return (
                    f"Complaint {data.complaint_id} was answered otherwise since the backup was "
                    "restored, or is not known: left as it is."
                )
        case UnitFlagged():
            figures = data.figures.model_dump(mode="json")
            await FLAGS.restore_flag(
                connection, unit_id=data.unit_id, kind=data.kind, at=event.time, figures=figures
            )
        case UnitCleared():
            figures = data.figures.model_dump(mode="json")
            await FLAGS.clear_flags(
                connection,
                unit_ids=[data.unit_id],
                kinds=[data.kind],
                at=event.time,
                figures=[figures],
            )
    return None


async def _take_complaint(connection: Connection, filed: ComplaintFiled) -> str | None:
    """Takes a complaint in, or marks it as stated; returns what stands against it."""
    was = await COMPLAINTS.restore_complaint(
        connection,
        complaint_id=filed.complaint_id,
        unit_id=filed.unit_id,
        category=filed.category or "other",
        category_shown=filed.category is not None,
        filed_on=filed.filed_on,
    )
    if was is None:
        return f"Complaint {filed.complaint_id} is in the database already: left as it is."
    if was == "new":
        await COMPLAINTS.insert_words(
            connection,
            complaint_id=filed.complaint_id,
            subject=None,
            tracking_hash=secrets.token_bytes(32),  # of no code
            text="",
            place=None,
            happened_on=None,
        )
    return None
