"""A candidate who broke a rule of the sitting is disqualified.

A proctor or an officer proposes it, another officer confirms.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from services.exams.scores import storage as results
from services.exams.scores.usecases.record_score import ResultView
from services.exams.sittings import storage as sittings
from services.exams.sittings.domain import result_name
from services.exams.sittings.usecases.schedule_sitting import SittingId
from shared.candidacy import refuse_candidate
from shared.contracts.exams import CandidateDisqualified
from shared.contracts.fields import ParticipantNo, RoundId, StageCode
from shared.contracts.strict import Command, lines_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.proposals.answers import ProposalView
from shared.proposals.procedure import Procedure
from shared.proposals.usecases import propose

DecisionReason = Annotated[
    str,
    *lines_of_text(2000, least=3),
    Field(
        description="Why, for those who answer objections; it stays in this service "
        "and is in no event",
    ),
]


class DisqualifyCandidate(Command):
    """Who is disqualified, and why."""

    participant_no: ParticipantNo
    reason: DecisionReason


class CandidateToDisqualify(DisqualifyCandidate):
    """Who and why, as it waits for a second officer."""

    sitting_id: SittingId
    round_id: RoundId
    stage: StageCode


async def propose_disqualification(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: DisqualifyCandidate,
    now: datetime,
    zone: ZoneInfo,
) -> ProposalView:
    """Nothing is stated until an officer confirms.

    Raises as `disqualify_candidate` and `propose` do.
    """
    sitting = await sittings.find(connection, sitting_id)
    to_disqualify = CandidateToDisqualify(**sitting.name, **command.model_dump())
    procedure = disqualification(zone)
    return await propose(connection, outbox, procedure, person, to_disqualify, now)


async def disqualify_candidate(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: DisqualifyCandidate,
    now: datetime,
    zone: ZoneInfo,
) -> ResultView:
    """States CandidateDisqualified: points or an absence of this sitting no longer count.

    Fraud is often found afterwards (in 2021 most of it was): in a closed sitting an officer may
    disqualify who has a result there.

    Raises Refusal `not-found`, `own-round`, `sitting-not-begun`, `closed-for-your-role`,
    `sitting-closed`, or why this candidate can't be disqualified here.
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
    sitting.refuse_before_start(now, zone)
    sitting.refuse_change_if_closed(person)
    examinee = await results.lock_examinee(connection, sitting, command.participant_no)
    if refusal := examinee.result_refusal(sitting, "disqualified"):
        raise refusal
    if examinee.state is None:
        sitting.refuse_if_closed()
    await results.record(connection, sitting, examinee, "disqualified", None, now)
    await results.keep_reason(
        connection, sitting, examinee.participant_no, "disqualified", command.reason, now
    )
    await audit.record(
        connection,
        person,
        "candidate.disqualified",
        sitting.result_name(examinee.participant_no),
        at=now,
    )
    result = examinee.result_in(sitting)
    await outbox.append(connection, [Statement(CandidateDisqualified(**result), now)])
    return ResultView(**result, state="disqualified")


async def _round_of(_: Connection, command: CandidateToDisqualify) -> str:
    return command.round_id


def disqualification(zone: ZoneInfo) -> Procedure[CandidateToDisqualify]:
    """Two people disqualify a candidate; `zone` is the province's."""

    async def run(
        connection: Connection,
        outbox: Outbox,
        officer: Person,
        command: CandidateToDisqualify,
        now: datetime,
    ) -> ResultView:
        return await disqualify_candidate(
            connection, outbox, officer, command.sitting_id, command, now, zone
        )

    return Procedure(
        "exams",
        "disqualification",
        CandidateToDisqualify,
        lambda command: result_name(command.round_id, command.stage, command.participant_no),
        run,
        _round_of,
    )
