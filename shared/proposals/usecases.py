"""One person proposes a decision, another one confirms or rejects it, the first may withdraw it.

A proposal is tried out before it is kept: the decision runs as if it were confirmed, and is undone.
So what is refused is refused at once, by the same checks and with the same sentences as later.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from uuid_utils.compat import uuid7

from shared.identity import Person
from shared.messaging.outbox import Outbox
from shared.phrases import Phrase
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.proposals.answers import ProposalView, proposal_view
from shared.proposals.domain import (
    OF_THE_MOMENT,
    OPEN_FOR,
    Proposal,
    ProposalStatus,
)
from shared.proposals.procedure import Command, Procedure
from shared.proposals.storage import PROPOSALS
from shared.refusals import Refusal


class _TriedOut(Exception):  # noqa: N818 - no error: it undoes what was tried
    """Ends the trial of a decision."""


async def propose(
    connection: Connection,
    outbox: Outbox,
    procedure: Procedure[Command],
    person: Person,
    command: Command,
    now: datetime,
) -> ProposalView:
    """Keeps a decision that could be taken now until a second person confirms it.

    Raises what the decision refuses, or Refusal `proposal-open` while another proposal about the
    same thing is open.
    """
    try:
        async with connection.transaction():
            await procedure.run(connection, outbox, person, command, now)
            raise _TriedOut
    except _TriedOut:
        pass
    kind, about = procedure.kind, procedure.object_of(command)
    await PROPOSALS.close_expired(
        connection, kind=kind, object=about, at=now, because="proposal-expired"
    )
    proposal_id = uuid7()
    added = await PROPOSALS.add(
        connection,
        proposal_id=proposal_id,
        kind=kind,
        object=about,
        command=command.model_dump(mode="json", exclude_unset=True),
        by=person.subject,
        at=now,
        expires_at=now + OPEN_FOR,
    )
    if not added:
        other = await PROPOSALS.open_about(connection, kind=kind, object=about)
        raise Refusal("proposal-open", what=about, proposal=other)
    row = await PROPOSALS.proposal(connection, proposal_id=proposal_id)
    await _audit(connection, person, row, "proposed", now)
    return proposal_view(procedure.service, row)


async def confirm(
    connection: Connection,
    outbox: Outbox,
    procedures: Mapping[str, Procedure[Any]],
    officer: Person,
    proposal_id: UUID,
    now: datetime,
) -> ProposalView | Refusal:
    """Takes the decision as it was proposed, by what is known now.

    Where it no longer fits it is closed as outdated, which is to be committed: the Refusal comes
    back and is not raised. Raises Refusal `not-found`, `own-round`, `own-proposal`,
    `proposal-closed`, and those of the decision that are OF_THE_MOMENT. The same officer may
    confirm again: nothing more happens.
    """
    row, proposal = await _lock(connection, proposal_id)
    procedure = procedures[proposal.kind]
    await procedure.refuse_candidate(connection, officer, row["command"])
    if proposal.closed_by_the_same(officer, "confirmed"):
        return proposal_view(procedure.service, row)
    proposal.refuse_unless_open()
    proposal.refuse_own(officer)
    decided = proposal.expiry(now) or await _decide(
        connection, outbox, procedure, officer, row["command"], now
    )
    if isinstance(decided, Refusal):
        await _close(connection, officer, row, "outdated", now, because=decided.code)
        errors: list[dict[str, object]] = [{"about": proposal.object, "reason": decided}]
        return Refusal("proposal-outdated", what=proposal.object, errors=errors)
    await _close(connection, officer, row, "confirmed", now, outcome=decided)
    return await _view(connection, procedure.service, proposal_id)


async def _decide(
    connection: Connection,
    outbox: Outbox,
    procedure: Procedure[Any],
    officer: Person,
    command: object,
    now: datetime,
) -> BaseModel | Refusal:
    """What the decision answers, or why it no longer fits: then all that it did is undone."""
    try:
        async with connection.transaction():
            asked = procedure.command.model_validate_json(json.dumps(command))
            return await procedure.run(connection, outbox, officer, asked, now)
    except Refusal as refusal:
        if refusal.code in OF_THE_MOMENT:
            raise
        return refusal


async def reject(
    connection: Connection,
    procedures: Mapping[str, Procedure[Any]],
    officer: Person,
    proposal_id: UUID,
    reason: str,
    now: datetime,
) -> ProposalView:
    """Closes a proposal with nothing decided.

    Raises Refusal `not-found`, `own-round`, `proposal-closed`, `own-proposal`: who proposed
    withdraws instead.
    """
    row, proposal = await _lock(connection, proposal_id)
    procedure = procedures[proposal.kind]
    await procedure.refuse_candidate(connection, officer, row["command"])
    if not proposal.closed_by_the_same(officer, "rejected"):
        proposal.refuse_unless_open()
        proposal.refuse_own(officer)
        await _close(connection, officer, row, "rejected", now, because=reason)
    return await _view(connection, procedure.service, proposal_id)


async def withdraw(
    connection: Connection, service: str, person: Person, proposal_id: UUID, now: datetime
) -> ProposalView:
    """Closes one's own proposal.

    Raises Refusal `not-found`, `proposal-of-others`, `proposal-closed`.
    """
    row, proposal = await _lock(connection, proposal_id)
    proposal.refuse_of_others(person)
    if not proposal.closed_by_the_same(person, "withdrawn"):
        proposal.refuse_unless_open()
        await _close(connection, person, row, "withdrawn", now)
    return await _view(connection, service, proposal_id)


async def close_restored(connection: Connection) -> list[str]:
    """Closes all open proposals of a database that was restored from a backup.

    Whether they were confirmed, rejected or withdrawn since is on no log: confirmed again, a
    decision could take effect twice. Returns a line for the operator about each.
    """
    rows = PROPOSALS.close_open(connection, because="database-restored")
    return [
        f"Proposal {row['proposal_id']} ({row['kind']} of {row['object']}) was open in the backup "
        "and is closed: what became of it since is on no log. If it is still needed, it has to be "
        "proposed anew."
        async for row in rows
    ]


async def _lock(connection: Connection, proposal_id: UUID) -> tuple[Mapping[str, Any], Proposal]:
    row = await PROPOSALS.lock(connection, proposal_id=proposal_id)
    if row is None:
        raise Refusal("not-found", what=Phrase("proposal", proposal_id=proposal_id))
    return row, Proposal(**{field.name: row[field.name] for field in fields(Proposal)})


async def _close(
    connection: Connection,
    person: Person,
    row: Mapping[str, Any],
    status: ProposalStatus,
    now: datetime,
    *,
    because: str | None = None,
    outcome: BaseModel | None = None,
) -> None:
    await PROPOSALS.close(
        connection,
        proposal_id=row["proposal_id"],
        status=status,
        by=person.subject,
        at=now,
        because=because,
        outcome=None if outcome is None else outcome.model_dump(mode="json"),
    )
    await _audit(connection, person, row, status, now)


async def _audit(
    connection: Connection,
    person: Person,
    proposal: Mapping[str, Any],
    step: str,
    now: datetime,
) -> None:
    """One line of the trail, beside that of the decision itself, which has its reason."""
    await audit.record(
        connection,
        person,
        f"{proposal['kind']}.{step}",
        proposal["object"],
        reason=f"proposal {proposal['proposal_id']}",
        at=now,
    )


async def _view(connection: Connection, service: str, proposal_id: UUID) -> ProposalView:
    return proposal_view(service, await PROPOSALS.proposal(connection, proposal_id=proposal_id))
