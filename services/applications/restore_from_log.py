"""After a restored backup: what the service itself had stated since then is taken back in from its
log (`terang recover applications`).
"""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from services.applications.registration.storage import REGISTRATION
from services.applications.rounds.storage import ROUNDS
from services.applications.seats.storage import SEATS
from services.applications.vacancies.domain.units import path_key
from services.applications.vacancies.storage import VACANCIES
from services.applications.verification.storage import VERIFICATION
from shared.contracts.applications import (
    ApplicantFactsStated,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationVerified,
    ApplicationWithdrawn,
    OneApplication,
    RegistrationClosed,
    RoundOpened,
    SeatAccepted,
    SeatDeclined,
    UnitRegistered,
    VacancyPublished,
)
from shared.contracts.catalogue import stated_by
from shared.contracts.fields import Fact
from shared.messaging.envelope import Event, Record
from shared.messaging.parser import events, read_headers
from shared.postgres.pool import Connection

Data = TypeVar("Data", bound=Fact)


async def restore(connection: Connection, records: Sequence[Record]) -> list[str]:
    """Takes in units, rounds, vacancies, applications and decisions that the log has and the
    database lacks, in that order, and pushes each vacancy's counter past the participant numbers
    that the log shows.

    `records` are in order of topic, partition and offset. Who an application belongs to is not on
    the log: that, notes and drafts are lost. Returns lines for the operator: what was taken in, and
    what a person has to see to.
    """
    found, lines = _read(records)
    await _units(connection, _of(found, UnitRegistered))
    await _rounds(connection, _of(found, RoundOpened))
    lines += await _vacancies(connection, _of(found, VacancyPublished))
    submitted = _of(found, ApplicationSubmitted)
    taken_twice = [
        event.subject
        for event in submitted
        if not await REGISTRATION.restore_application(
            connection,
            vacancy_id=event.data.vacancy_id,
            participant_no=event.data.participant_no,
            round_id=event.data.round_id,
            at=event.time,
        )
    ]
    await _facts(
        connection,
        [event for event in _of(found, ApplicantFactsStated) if event.subject not in taken_twice],
    )
    await _decisions(connection, [event for event in found if event.subject not in taken_twice])
    await _seat_answers(
        connection,
        [event for event in found if isinstance(event.data, SeatAccepted | SeatDeclined)],
    )
    closed = _of(found, RegistrationClosed)
    lines += await _counters(connection, found, closed)
    for event in closed:
        data = event.data
        await REGISTRATION.restore_closed(
            connection, vacancy_ids=[data.vacancy_id], round_ids=[data.round_id], at=event.time
        )
    lines += [
        f"Given twice: {subject} is one person's on the log and another's in this database, who registered between the restoring and "
        "this command. What the log says of it was not taken in; an officer has to settle with both, who hold receipts with this number."
        for subject in taken_twice
    ]
    if len(submitted) > len(taken_twice):
        lines.append(
            f"{len(submitted) - len(taken_twice)} applications came back without their persons, who can't see them: whose they are is on no log. "
            "Their participant numbers stand on the applicants' receipts."
        )
    return lines


def _read(records: Sequence[Record]) -> tuple[list[Event[Any]], list[str]]:
    """The events that the records are, and a line for what is none of ours."""
    contracts = {contract.type: contract for contract in stated_by("applications").values()}
    found: list[Event[Any]] = []
    lines = []
    counts: dict[str, int] = {}
    for record in records:
        inbound = read_headers(record)
        contract = contracts.get(inbound.type or "")
        read = events(contract, [inbound])[0] if contract and inbound.fault is None else None
        if isinstance(read, Event):
            found.append(read)
            counts[read.type] = counts.get(read.type, 0) + 1
        else:
            lines.append(
                f"Not taken in: {record.topic}/{record.partition} at offset {record.offset} is no event known here."
            )
    return found, [f"Taken in: {count} {type_}" for type_, count in sorted(counts.items())] + lines


def _of(found: Sequence[Event[Any]], model: type[Data]) -> list[Event[Data]]:
    return [event for event in found if isinstance(event.data, model)]


async def _units(connection: Connection, found: list[Event[UnitRegistered]]) -> None:
    newest = {event.data.unit_id: event.data for event in found}.values()
    await VACANCIES.keep_units(
        connection,
        unit_ids=[unit.unit_id for unit in newest],
        paths=[unit.path for unit in newest],
        path_keys=[path_key(unit.path) for unit in newest],
        staff=[unit.staff for unit in newest],
    )


async def _rounds(connection: Connection, found: list[Event[RoundOpened]]) -> None:
    rounds = [event.data for event in found]
    await ROUNDS.restore_rounds(
        connection,
        round_ids=[each.round_id for each in rounds],
        names=[each.name for each in rounds],
        policy_ids=[each.policy_id for each in rounds],
        policy_versions=[each.policy_version for each in rounds],
        policies=[json.dumps(each.policy) for each in rounds],
        policy_hashes=[each.policy_hash for each in rounds],
        seeds=[each.seed for each in rounds],
        decreed_seats=[each.decreed_seats for each in rounds],
        opens=[each.calendar.registration_opens for each in rounds],
        closes=[each.calendar.registration_closes for each in rounds],
        ats=[event.time for event in found],
    )


async def _vacancies(connection: Connection, found: list[Event[VacancyPublished]]) -> list[str]:
    lines = []
    for round_id in sorted({event.data.round_id for event in found}):
        of_round = [event for event in found if event.data.round_id == round_id]
        await VACANCIES.drop_draft(connection, round_id=round_id)
        vacancies = [event.data for event in of_round]
        await VACANCIES.keep_draft(
            connection,
            round_id=round_id,
            vacancy_ids=[each.vacancy_id for each in vacancies],
            listing_ids=[each.listing_id for each in vacancies],
            numbers=[each.number for each in vacancies],
            agencies=[each.agency for each in vacancies],
            posts=[each.post for each in vacancies],
            unit_ids=[each.unit_id for each in vacancies],
            needs=[each.need for each in vacancies],
            seats=[each.seats for each in vacancies],
            disabled=[each.open_to_disabled for each in vacancies],
            pay_min=[each.pay_min for each in vacancies],
            pay_max=[each.pay_max for each in vacancies],
            education=[
                json.dumps([one.model_dump() for one in each.education]) for each in vacancies
            ],
        )
        await VACANCIES.mark_published(
            connection, vacancy_ids=[each.vacancy_id for each in vacancies]
        )
        await VACANCIES.note_published(
            connection, round_id=round_id, at=max(event.time for event in of_round)
        )
        round_ = await ROUNDS.round_by_id(connection, round_id=round_id)
        if round_["seats"] != round_["decreed_seats"]:
            lines.append(
                f"Round {round_id} has {round_['seats']} of {round_['decreed_seats']} decreed seats: some of its vacancies "
                "never reached the log. Open a new round in its place."
            )
    return lines


async def _facts(connection: Connection, found: list[Event[ApplicantFactsStated]]) -> None:
    newest = {(event.data.vacancy_id, event.data.participant_no): event for event in found}
    for event in newest.values():  # a verifier may have stated them anew
        await REGISTRATION.restore_facts(
            connection,
            vacancy_id=event.data.vacancy_id,
            participant_no=event.data.participant_no,
            round_id=event.data.round_id,
            education_level=event.data.education_level,
            gpa=event.data.gpa,
            birth_date=event.data.birth_date,
            experience=event.data.relevant_experience_months,
            priority=event.data.priority,
        )


async def _decisions(connection: Connection, found: list[Event[Any]]) -> None:
    """In the log's order: what was decided and then taken back ends as taken back."""
    statuses: dict[type[Fact], str] = {
        ApplicationVerified: "verified",
        ApplicationRejected: "rejected",
        ApplicationWithdrawn: "withdrawn",
    }
    for event in found:
        status = statuses.get(type(event.data))
        if status is not None:
            withdrawn = status == "withdrawn"
            await VERIFICATION.restore_status(
                connection,
                vacancy_id=event.data.vacancy_id,
                participant_no=event.data.participant_no,
                status=status,
                reasons=list(event.data.reasons) if status == "rejected" else None,
                decided_at=None if withdrawn else event.time,
                withdrawn_at=event.time if withdrawn else None,
            )


async def _seat_answers(
    connection: Connection, found: Sequence[Event[SeatAccepted] | Event[SeatDeclined]]
) -> None:
    await SEATS.restore_answers(
        connection,
        vacancy_ids=[event.data.vacancy_id for event in found],
        participant_nos=[event.data.participant_no for event in found],
        offer_ids=[event.data.offer_id for event in found],
        answers=[
            event.data.reason if isinstance(event.data, SeatDeclined) else "accepted"
            for event in found
        ],
        ats=[event.time for event in found],
    )


async def _counters(
    connection: Connection, found: list[Event[Any]], closed: list[Event[RegistrationClosed]]
) -> list[str]:
    shown = {event.data.vacancy_id: event.data.submitted for event in closed}
    for event in found:
        if isinstance(event.data, OneApplication):
            number = int(event.data.participant_no.rpartition("-")[2])
            shown[event.data.vacancy_id] = max(number, shown.get(event.data.vacancy_id, 0))
    moved = REGISTRATION.push_counters(
        connection, vacancy_ids=list(shown), numbers=list(shown.values())
    )
    return [
        f"Vacancy {row['vacancy_id']}: participant numbers go on above {row['number']}"
        async for row in moved
    ]
