"""A proctor or officer disqualifies a candidate who broke a rule of the sitting."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.exams.scores import storage as results
from services.exams.scores.usecases.record_score import ResultView
from services.exams.sittings import storage as sittings
from shared.candidacy import refuse_candidate
from shared.contracts.exams import CandidateDisqualified
from shared.contracts.fields import ParticipantNo
from shared.contracts.strict import Command, lines_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection

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


async def disqualify_candidate(
    connection: Connection,
    outbox: Outbox,
    person: Person,
    sitting_id: UUID,
    command: DisqualifyCandidate,
    now: datetime,
) -> ResultView:
    """States CandidateDisqualified: points or an absence of this sitting no longer count.

    Fraud is often found afterwards (in 2021 most of it was): in a closed sitting an officer may
    disqualify who has a result there.

    Raises Refusal `not-found`, `own-round`, `closed-for-your-role`, `sitting-closed`, or why this
    candidate can't be disqualified here.
    """
    sitting = await sittings.lock_shared(connection, sitting_id)
    await refuse_candidate(connection, person, sitting.round_id)
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
