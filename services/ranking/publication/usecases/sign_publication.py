"""Signs what another officer proposed to publish: from then on it stays, and is only followed."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import PublicationVersion, Root
from services.ranking.lists.storage import SQL as LISTS
from services.ranking.proofs.domain.canonical import instant
from services.ranking.proofs.domain.head import Head
from services.ranking.publication.storage.publications import PUBLICATION
from services.ranking.publication.storage.signing import SigningKey, require_key
from shared.candidacy import refuse_candidate
from shared.contracts.fields import RoundId, Sha256
from shared.contracts.ranking import StandingsPublished
from shared.contracts.strict import Command
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class SignPublication(Command):
    """A second officer's word."""

    digest: Annotated[Sha256, Field(description="Of the proposal that was seen")]


class PublishedRound(BaseModel):
    """A round whose lists are published."""

    round_id: RoundId
    version: PublicationVersion
    root: Root
    key_id: str = Field(
        description="RFC 7638 thumbprint of the public key, in hexadecimal; "
        "`GET /ranking/keys` has it"
    )
    signature: str = Field(description="Ed25519 over the head, in hexadecimal")
    published_at: AwareDatetime = Field(description="UTC")


async def sign_publication(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    round_id: str,
    command: SignPublication,
    key: SigningKey | None,
    now: datetime,
) -> PublishedRound:
    """Sign what another officer proposed, and state StandingsPublished.

    Raises Refusal `no-signing-key`, `own-round`, `nothing-proposed`, `another-proposal` where the
    digest is of another one, `second-officer` for the officer who proposed it.
    """
    key = require_key(key)
    await refuse_candidate(connection, officer, round_id)
    await LISTS.lock_publication(connection, round_id=round_id)
    row = await PUBLICATION.proposed(connection, round_id=round_id)
    if row is None:
        raise Refusal("nothing-proposed", round_id=round_id)
    if row["digest"] != command.digest:
        raise Refusal("another-proposal", round_id=round_id, digest=row["digest"])
    if row["proposed_by"] == officer.subject:
        raise Refusal("second-officer", round_id=round_id)
    head = Head(
        **row["proposal"], signed_by="officer", published_at=instant(now), key_id=key.public.id
    )
    signature = key.sign(head.signed()).hex()
    await PUBLICATION.sign_publication(
        connection,
        round_id=round_id,
        version=head.version,
        head=head.model_dump(),
        signature=signature,
        public_key=key.public.pem,
        by=officer.subject,
        at=now,
    )
    await audit.record(
        connection,
        officer,
        "publication.signed",
        f"{round_id}/{head.version}",
        reason=f"digest {command.digest}",
        at=now,
    )
    published = StandingsPublished(
        round_id=round_id,
        version=head.version,
        vacancies=head.vacancies,
        lines=head.lines,
        policy_hash=head.policy_hash,
        root=head.root,
        key_id=head.key_id,
        head=head.signed().decode(),
        signature=signature,
    )
    await outbox.append(connection, [Statement(published, now)])
    return PublishedRound(
        round_id=round_id,
        version=head.version,
        root=head.root,
        key_id=head.key_id,
        signature=signature,
        published_at=now,
    )
