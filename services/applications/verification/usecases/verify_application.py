"""A verifier decides on an application, and says which of the applicant's facts are proven."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from services.applications.registration.fields import DecidedAt
from services.applications.registration.storage import REGISTRATION
from services.applications.verification.domain.decision import Decision, decide, status_after
from services.applications.verification.storage import VERIFICATION
from shared.candidacy import refuse_candidate
from shared.contracts.applications import (
    NOT_MET,
    ApplicantFactsStated,
    ApplicationEvent,
    ApplicationRejected,
    ApplicationVerified,
    RejectionReasonsStated,
)
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.contracts.strict import Command, Whole, line_of_text, lines_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.phrases import Phrase
from shared.policies import Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,59}$")]


class VerifyApplication(Command):
    """A decision."""

    decision: Decision = Field(description="MS: meets the requirements; TMS: does not")
    reasons: list[ReasonCode] = Field(
        [],
        max_length=20,
        description="For TMS at least one code of /applications/verification-reasons; for MS none",
        examples=[["diploma-does-not-match"]],
    )
    note: Annotated[str, *lines_of_text(2000, least=0)] = Field(
        "", description="For verifiers and officers alone; never stated in an event"
    )
    relevant_experience_months: Whole | None = Field(
        None,
        ge=0,
        le=720,
        description="With MS: whole months of relevant work that are proven; none: as the "
        "applicant stated them",
    )
    priority: Annotated[str, *line_of_text(40)] | None = Field(
        None,
        description="With MS, where the round's policy has priority groups: the applicant's; none: "
        "as it stands",
        examples=["R3"],
    )

    @property
    def states_facts(self) -> bool:
        """True where the verifier says what is proven."""
        return self.relevant_experience_months is not None or self.priority is not None


class DecisionView(BaseModel):
    """What was decided."""

    vacancy_id: VacancyId
    participant_no: ParticipantNo
    status: str = Field(
        description="`verified` for MS, `rejected` for TMS", examples=["verified", "rejected"]
    )
    reasons: list[str] = Field(description="Codes of a rejection, in order")
    decided_at: DecidedAt


async def verify_application(
    connection: Connection,
    outbox: Outbox,
    verifier: Person,
    vacancy_id: str,
    participant_no: str,
    command: VerifyApplication,
    now: datetime,
) -> DecisionView:
    """Decides once, and states ApplicationVerified, or ApplicationRejected without its reasons.

    The same decision again changes nothing. Where the verifier finds other facts proven than the
    applicant stated, states ApplicantFactsStated anew before. The reasons of a rejection are stated
    as RejectionReasonsStated, which is restricted. Raises Refusal `not-found`,
    `own-round`, `reasons-needed`, `reasons-not-taken`, `unknown-reasons`, `facts-not-taken`,
    `unknown-priority`, `already-withdrawn`, or `already-decided`.
    """
    application = await REGISTRATION.lock_application(
        connection, vacancy_id=vacancy_id, participant_no=participant_no
    )
    if application is None:
        what = Phrase("application", participant_no=participant_no, vacancy_id=vacancy_id)
        raise Refusal("not-found", what=what)
    await refuse_candidate(connection, verifier, application["round_id"])
    reasons = sorted(set(command.reasons))
    is_new = decide(application["status"], application["reasons"], command.decision, reasons)
    application_key = ApplicationEvent(
        vacancy_id=vacancy_id, round_id=application["round_id"], participant_no=participant_no
    )
    facts = await _proven(connection, application["account"], application_key, command)
    if facts is not None and not is_new:
        raise Refusal("already-decided", decision=command.decision)
    if is_new:
        await _keep(connection, verifier, application_key, command, reasons, facts, now)
        decided = _decided(application_key, command.decision, reasons)
        stated = decided if facts is None else [facts, *decided]
        await outbox.append(connection, [Statement(fact, now) for fact in stated])
    return DecisionView(
        vacancy_id=vacancy_id,
        participant_no=participant_no,
        status=status_after(command.decision),
        reasons=reasons,
        decided_at=now if is_new else application["decided_at"],
    )


async def _keep(
    connection: Connection,
    verifier: Person,
    application_key: ApplicationEvent,
    command: VerifyApplication,
    reasons: list[str],
    facts: ApplicantFactsStated | None,
    now: datetime,
) -> None:
    """Keeps the decision, its audit record, and the facts that are proven."""
    status = status_after(command.decision)
    await VERIFICATION.keep_decision(
        connection,
        vacancy_id=application_key.vacancy_id,
        participant_no=application_key.participant_no,
        status=status,
        reasons=reasons,
        note=command.note,
        at=now,
    )
    await audit.record(
        connection,
        verifier,
        f"application.{status}",
        f"{application_key.vacancy_id}/{application_key.participant_no}",
        at=now,
        reason=", ".join(reasons),
    )
    if facts is not None:
        await VERIFICATION.keep_found(
            connection,
            vacancy_id=application_key.vacancy_id,
            participant_no=application_key.participant_no,
            months=facts.relevant_experience_months,
            priority=facts.priority,
        )


def _decided(
    application_key: ApplicationEvent, decision: Decision, reasons: Sequence[str]
) -> Sequence[ApplicationEvent]:
    """What is stated of a decision, the public part first."""
    if decision == "MS":
        return [ApplicationVerified(**application_key.model_dump())]
    return [
        ApplicationRejected(**application_key.model_dump(), reasons=(NOT_MET,)),
        RejectionReasonsStated(**application_key.model_dump(), reasons=tuple(reasons)),
    ]


async def _proven(
    connection: Connection,
    account: str | None,
    application_key: ApplicationEvent,
    command: VerifyApplication,
) -> ApplicantFactsStated | None:
    """The applicant's facts with what is proven; None where that is what stands already."""
    if not command.states_facts:
        return None
    if command.decision != "MS":
        raise Refusal("facts-not-taken")
    known = await VERIFICATION.facts_of(
        connection,
        vacancy_id=application_key.vacancy_id,
        participant_no=application_key.participant_no,
    )
    if known is None:
        what = Phrase("facts", participant_no=application_key.participant_no)
        raise Refusal("not-found", what=what)
    months, priority = command.relevant_experience_months, known["priority"]
    if months is None:
        months = known["relevant_experience_months"]
    if command.priority is not None:
        priority = await _priority_code(connection, application_key.round_id, command.priority)
    if (months, priority) == (known["relevant_experience_months"], known["priority"]):
        return None
    return ApplicantFactsStated(
        **application_key.model_dump(),
        education_level=known["education_level"],
        gpa=known["gpa"],
        birth_date=known["birth_date"],
        relevant_experience_months=months,
        priority=priority,
        account=account,
    )


async def _priority_code(connection: Connection, round_id: str, priority: str) -> str:
    """The round's own code for a priority group. Raises Refusal `unknown-priority`."""
    policy = Policy.model_validate_json(
        await VERIFICATION.policy_of_round(connection, round_id=round_id)
    )
    code = policy.priority_code(priority)
    if code is None:
        groups = ", ".join(group.code for group in policy.priority_groups)
        raise Refusal("unknown-priority", priority=priority, known=groups or "-")
    return code
