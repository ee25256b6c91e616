"""Publishes a round's lists: one officer proposes what everyone will see, a second signs it; from
then on it is never changed, only followed.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import PublicationVersion, Root
from services.ranking.lists.storage import SQL as LISTS
from services.ranking.proofs.domain.canonical import canonical
from services.ranking.proofs.domain.commitments import Opening, new_secret
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Head, Proposal
from services.ranking.proofs.domain.leaves import (
    AcceptedEducation,
    Leaf,
    LineLeaf,
    ListLeaf,
    SeatingLeaf,
    VacancyLeaf,
    leaf_bytes,
    new_salt,
)
from services.ranking.proofs.domain.merkle_tree import tree_levels
from services.ranking.publication.domain.compose_leaves import (
    FixedLine,
    FixedList,
    PersonalFacts,
    Salts,
    compose_leaves,
)
from services.ranking.publication.domain.verification import check_contents
from services.ranking.publication.storage.publications import PUBLICATION
from services.ranking.publication.storage.signing import SigningKey
from services.ranking.rounds.storage import SQL as ROUNDS
from shared.contracts.fields import RoundId, Sha256
from shared.contracts.ranking import StandingsPublished
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.policies import List, Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SALTS = Salts(new_salt, new_secret)

SEATING = "seating"
"""Stands where leaves are kept by list, for those about seats."""


class Proposed(BaseModel):
    """What waits for a second officer's signature. `GET …/publication/proposal` shows all of it."""

    round_id: RoundId
    version: PublicationVersion
    digest: str = Field(
        description="SHA-256 of the proposal: the second officer sends it, so that both mean the same"
    )
    root: Root
    vacancies: int = Field(description="Vacancies on the list")
    lines: int = Field(description="Lines of all lists of all vacancies")
    codes: dict[str, dict[str, int]] = Field(description="Lines by result code, for each list")
    committed: int = Field(
        description="Lines of which personal facts decided: they show an order and a commitment"
    )
    seated: int | None = Field(
        description="Seats that went to somebody by an offer; none: filling has not begun or is under way, and seats are published when it is complete"
    )


class SignPublication(BaseModel):
    """A second officer's word."""

    digest: Annotated[Sha256, Field(description="Of the proposal that was seen")]


class PublishedRound(BaseModel):
    """A round whose lists are published."""

    round_id: RoundId
    version: PublicationVersion
    root: Root
    key_id: str = Field(
        description="RFC 7638 thumbprint of the public key, in hexadecimal; `GET /ranking/keys` has it"
    )
    signature: str = Field(description="Ed25519 over the head, in hexadecimal")
    published_at: AwareDatetime = Field(description="UTC")


async def propose_publication(
    connection: Connection,
    officer: Person,
    round_id: str,
    province: str,
    key: SigningKey | None,
    now: datetime,
) -> Proposed:
    """Put together what will be published, and recompute it as anyone will.

    A proposal that nobody signed gives way to this one.

    Raises Refusal `no-signing-key`, `unknown-round`, `round-not-closed`, `already-published` where
    nothing changed since, `does-not-verify`.
    """
    _refuse_without(key)
    row = await ROUNDS.round(connection, round_id=round_id)
    if row is None:
        raise Refusal("unknown-round", round_id=round_id)
    await LISTS.hold_publication(connection, round_id=round_id)
    policy_json = json.loads(row["policy"])
    policy = Policy.model_validate(policy_json)
    vacancies = [each async for each in PUBLICATION.closed_vacancies(connection, round_id=round_id)]
    closings = {
        (each["vacancy_id"], each["list"]): each
        async for each in PUBLICATION.closings(connection, round_id=round_id)
    }
    _refuse_unless_closed(round_id, policy, vacancies, closings)
    seatings = await _seatings(connection, round_id, policy)
    lists = _digest_of(closings, seatings)
    newest = await PUBLICATION.newest_signed(connection, round_id=round_id)
    if newest is not None and newest["lists"] == lists:
        raise Refusal("already-published", round_id=round_id, version=newest["version"])
    lines = await _lines(connection, policy, [each["vacancy_id"] for each in vacancies])
    leaves: list[Leaf] = []
    openings: list[Opening] = []
    try:
        for each in vacancies:
            closed = [
                _closed(one, closings[each["vacancy_id"], one.code], lines) for one in policy.lists
            ]
            heading = VacancyLeaf(kind="vacancy", salt=new_salt(), **each)
            made = await asyncio.to_thread(
                compose_leaves, policy, row["seed"], heading, closed, SALTS
            )
            leaves += made[0]
            openings += made[1]
            if seatings is not None:
                leaves.append(_seating(each["vacancy_id"], seatings[each["vacancy_id"]]))
        texts = [leaf_bytes(leaf) for leaf in leaves]
        levels = await asyncio.to_thread(tree_levels, texts)
        proposal = Proposal(
            format="terang-list-1",
            province=province,
            round_id=round_id,
            round_name=row["name"],
            version=1 if newest is None else newest["version"] + 1,
            previous=None if newest is None else newest["root"],
            policy_id=policy.id,
            policy_version=policy.version,
            policy_hash=row["policy_hash"],
            seed=row["seed"],
            decreed_seats=row["decreed_seats"],
            vacancies=len(vacancies),
            lines=sum(isinstance(leaf, LineLeaf) for leaf in leaves),
            leaves=len(leaves),
            root=levels[-1][0].hex(),
            proposed_at=_instant(now),
            proposed_by="officer",
        )
        await asyncio.to_thread(check_contents, proposal, policy_json, leaves)
    except ProofFault as fault:
        raise Refusal("does-not-verify", round_id=round_id, fault=str(fault)) from fault
    await LISTS.forget_proposal(connection, round_id=round_id)
    await PUBLICATION.keep_proposal(
        connection,
        round_id=round_id,
        version=proposal.version,
        proposal=proposal.model_dump(),
        digest=proposal.digest(),
        lists=lists,
        policy=policy_json,
        tree=b"".join(hash_ for level in levels for hash_ in level),
        by=officer.subject,
        at=now,
    )
    await _keep(connection, round_id, proposal.version, leaves, texts, openings)
    await audit.record(
        connection, officer, "publication.proposed", f"{round_id}/{proposal.version}", at=now
    )
    return _view(proposal, leaves)


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

    Raises Refusal `no-signing-key`, `nothing-proposed`, `another-proposal` where the digest is not
    its, `second-officer` for who proposed it.
    """
    key = _refuse_without(key)
    await LISTS.hold_publication(connection, round_id=round_id)
    row = await PUBLICATION.proposed(connection, round_id=round_id)
    if row is None:
        raise Refusal("nothing-proposed", round_id=round_id)
    if row["digest"] != command.digest:
        raise Refusal("another-proposal", round_id=round_id, digest=row["digest"])
    if row["proposed_by"] == officer.subject:
        raise Refusal("second-officer", round_id=round_id)
    head = Head(
        **row["proposal"], signed_by="officer", published_at=_instant(now), key_id=key.public.id
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


def _refuse_without(key: SigningKey | None) -> SigningKey:
    if key is None:
        raise Refusal("no-signing-key")
    return key


def _refuse_unless_closed(
    round_id: str, policy: Policy, vacancies: Sequence[Any], closings: dict[tuple[str, str], Any]
) -> None:
    for one in policy.lists:
        open_ = sum((vacancy["vacancy_id"], one.code) not in closings for vacancy in vacancies)
        if open_ or not vacancies:
            raise Refusal("round-not-closed", round_id=round_id, list=one.code, vacancies=open_)


async def _seatings(connection: Connection, round_id: str, policy: Policy) -> dict[str, Any] | None:
    """How the seats of every vacancy were filled, where that is complete: each seat is taken, or
    left empty with nobody to ask.
    """
    found = {}
    async for row in PUBLICATION.seatings(
        connection, round_id=round_id, list=policy.lists[-1].code
    ):
        answers = [offer["answer"] for offer in row["offers"]]
        taken = row["selected"] - len(row["gave_up"]) + answers.count("accepted")
        if None in answers or taken + row["left_empty"] < row["seats"]:
            return None
        found[row["vacancy_id"]] = row
    return found or None


def _seating(vacancy_id: str, row: Any) -> SeatingLeaf:
    values = {name: row[name] for name in ("gave_up", "not_asked", "decided", "offers")}
    education = [
        AcceptedEducation(level=one["level"], programme=one["programme"])
        for one in row["education"]
    ]
    return SeatingLeaf(
        kind="seating", salt=new_salt(), vacancy_id=vacancy_id, education=education, **values
    )


def _digest_of(closings: dict[tuple[str, str], Any], seatings: dict[str, Any] | None) -> str:
    """Of the lists and the seating alone: salts and instants are new each time."""
    found = sha256()
    for (vacancy_id, code), row in sorted(closings.items(), key=lambda one: one[0]):
        found.update(f"{vacancy_id},{code},{row['version']},{row['digest']}\n".encode())
    for vacancy_id, row in (seatings or {}).items():
        found.update(canonical([vacancy_id, row["gave_up"], row["offers"]]))
    return found.hexdigest()


Lines = dict[tuple[str, str], list[FixedLine]]


async def _lines(connection: Connection, policy: Policy, vacancy_ids: list[str]) -> Lines:
    """Closed lines by vacancy and list."""
    lines: Lines = defaultdict(list)
    for one in policy.lists:
        async for (
            vacancy_id,
            place,
            number,
            rank,
            equals,
            score,
            code,
            points,
            *facts,
        ) in PUBLICATION.lines_to_publish(connection, vacancies=vacancy_ids, list=one.code):
            line = FixedLine(
                place, number, rank, equals, score, code, points, PersonalFacts(*facts)
            )
            lines[vacancy_id, one.code].append(line)
    return lines


def _closed(one: List, row: Any, lines: Lines) -> FixedList:
    key = (row["vacancy_id"], one.code)
    return FixedList(
        one.code,
        row["version"],
        _instant(row["closed_at"]),
        row["digest"],
        lines.get(key, []),
        row["decided"],
    )


def _instant(at: datetime) -> str:
    return at.isoformat().removesuffix("+00:00") + "Z"


async def _keep(
    connection: Connection,
    round_id: str,
    version: int,
    leaves: list[Leaf],
    texts: list[bytes],
    openings: list[Opening],
) -> None:
    await PUBLICATION.keep_leaves(
        connection,
        round_id=round_id,
        version=version,
        leaves=list(range(len(leaves))),
        vacancies=[leaf.vacancy_id for leaf in leaves],
        lists=[_list_of(leaf) for leaf in leaves],
        participants=[
            leaf.participant_no if isinstance(leaf, LineLeaf) else None for leaf in leaves
        ],
        contents=[text.decode() for text in texts],
    )
    await PUBLICATION.keep_openings(
        connection,
        round_id=round_id,
        version=version,
        vacancies=[opening.vacancy_id for opening in openings],
        lists=[opening.list for opening in openings],
        participants=[opening.participant_no for opening in openings],
        contents=[opening.model_dump_json() for opening in openings],
    )


def _list_of(leaf: Leaf) -> str | None:
    """What a leaf is part of; none: it is the vacancy, which everyone's receipt holds."""
    if isinstance(leaf, VacancyLeaf):
        return None
    return SEATING if isinstance(leaf, SeatingLeaf) else leaf.list


def _view(proposal: Proposal, leaves: list[Leaf]) -> Proposed:
    codes: dict[str, dict[str, int]] = {
        leaf.list: {} for leaf in leaves if isinstance(leaf, ListLeaf)
    }
    lines = [leaf for leaf in leaves if isinstance(leaf, LineLeaf)]
    seatings = [leaf for leaf in leaves if isinstance(leaf, SeatingLeaf)]
    for line in lines:
        codes[line.list][line.code] = codes[line.list].get(line.code, 0) + 1
    return Proposed(
        round_id=proposal.round_id,
        version=proposal.version,
        digest=proposal.digest(),
        root=proposal.root,
        vacancies=proposal.vacancies,
        lines=proposal.lines,
        codes=codes,
        committed=sum(line.commitment is not None for line in lines),
        seated=sum(offer.answer == "accepted" for one in seatings for offer in one.offers)
        if seatings
        else None,
    )
