"""Proposes what everyone will see of a round: one officer puts it together, a second signs it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from services.ranking.answer_fields import PublicationVersion, Root
from services.ranking.lists.storage import SQL as LISTS
from services.ranking.proofs.domain.canonical import instant
from services.ranking.proofs.domain.commitments import Opening, new_secret
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import LIST_FORMAT, Proposal
from services.ranking.proofs.domain.leaves import (
    ADMINISTRATION,
    AdministrationLeaf,
    ApplicantLeaf,
    Leaf,
    LineLeaf,
    ListLeaf,
    SeatingLeaf,
    VacancyLeaf,
    leaf_bytes,
    new_salt,
)
from services.ranking.proofs.domain.merkle_tree import tree_levels
from services.ranking.publication.domain.compose_leaves import Salts, compose_leaves
from services.ranking.publication.domain.verification import check_contents
from services.ranking.publication.storage.fixed_round import (
    FixedRound,
    load_applications,
    load_fixed_round,
    load_lines,
    vacancy_leaf,
)
from services.ranking.publication.storage.publications import PUBLICATION
from services.ranking.publication.storage.signing import SigningKey, require_key
from services.ranking.rounds.storage import SQL as ROUNDS
from shared.candidacy import refuse_candidate
from shared.contracts.fields import RoundId
from shared.identity import Person
from shared.policies import Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SALTS = Salts(new_salt, new_secret)

SEATING = "seating"
"""In the column `list` of stored leaves, for those about seats."""

STORED_UNDER = {
    AdministrationLeaf: ADMINISTRATION,
    ApplicantLeaf: ADMINISTRATION,
    SeatingLeaf: SEATING,
}


class Proposed(BaseModel):
    """What waits for a second officer's signature. `GET …/publication/proposal` shows all of it."""

    round_id: RoundId
    version: PublicationVersion
    digest: str = Field(
        description="SHA-256 of the proposal: the second officer sends it, "
        "so that both mean the same"
    )
    root: Root
    vacancies: int = Field(description="Vacancies on the list")
    lines: int = Field(description="Lines of all lists of all vacancies")
    codes: dict[str, dict[str, int]] = Field(description="Lines by result code, for each list")
    committed: int = Field(
        description="Lines of which personal facts decided: they show an order and a commitment"
    )
    seated: int | None = Field(
        description="Seats that went to somebody by an offer; none: filling has not begun or is "
        "under way, and seats are published when it is complete"
    )


@dataclass(frozen=True, slots=True)
class _Composed:
    """All leaves of a round in the order of the file, and what opens their commitments.

    `texts`: the leaves as bytes. `levels`: the hashes of the tree over them.
    """

    leaves: Sequence[Leaf]
    openings: Sequence[Opening]
    texts: Sequence[bytes]
    levels: Sequence[Sequence[bytes]]


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

    Raises Refusal `no-signing-key`, `own-round`, `unknown-round`, `round-not-closed`,
    `already-published` where nothing changed since, `does-not-verify`.
    """
    require_key(key)
    await refuse_candidate(connection, officer, round_id)
    round_ = await ROUNDS.round(connection, round_id=round_id)
    if round_ is None:
        raise Refusal("unknown-round", round_id=round_id)
    await LISTS.lock_publication(connection, round_id=round_id)
    policy = Policy.model_validate_json(round_["policy"])
    fixed = await load_fixed_round(connection, round_id, policy)
    _refuse_unless_closed(round_id, policy, fixed)
    newest = await PUBLICATION.newest_signed(connection, round_id=round_id)
    if newest is not None and newest["lists"] == fixed.digest():
        raise Refusal("already-published", round_id=round_id, version=newest["version"])
    try:
        composed = await _compose(connection, policy, round_["seed"], fixed)
        proposal = _proposal(round_, policy, province, newest, composed, now)
        policy_json = json.loads(round_["policy"])
        texts = zip(composed.leaves, composed.texts, strict=True)
        await asyncio.to_thread(check_contents, proposal, policy_json, texts)
    except ProofFault as fault:
        raise Refusal("does-not-verify", round_id=round_id, fault=str(fault)) from fault
    await LISTS.forget_proposal(connection, round_id=round_id)
    await PUBLICATION.store_proposal(
        connection,
        round_id=round_id,
        version=proposal.version,
        proposal=proposal.model_dump(),
        digest=proposal.digest(),
        lists=fixed.digest(),
        policy=policy_json,
        tree=b"".join(node for level in composed.levels for node in level),
        by=officer.subject,
        at=now,
    )
    await _store_leaves(connection, round_id, proposal.version, composed)
    await audit.record(
        connection, officer, "publication.proposed", f"{round_id}/{proposal.version}", at=now
    )
    return _proposed(proposal, composed.leaves)


def _refuse_unless_closed(round_id: str, policy: Policy, fixed: FixedRound) -> None:
    """Raises Refusal `round-not-closed` for the first list that is open in some vacancy."""
    for code in (listed.code for listed in policy.lists):
        still_open = sum((vacancy_id, code) not in fixed.lists for vacancy_id in fixed.vacancy_ids)
        if still_open or not fixed.vacancies:
            raise Refusal("round-not-closed", round_id=round_id, list=code, vacancies=still_open)


async def _compose(
    connection: Connection, policy: Policy, seed: str, fixed: FixedRound
) -> _Composed:
    """All leaves of a round. Raises ProofFault for points that do not go with their code."""
    lines = await load_lines(connection, policy, fixed.vacancy_ids)
    applications = await load_applications(connection, fixed.vacancy_ids)
    leaves: list[Leaf] = []
    openings: list[Opening] = []
    for row in fixed.vacancies:
        vacancy = vacancy_leaf(row)
        lists = [
            fixed.fixed_list(vacancy.vacancy_id, listed.code, lines) for listed in policy.lists
        ]
        of_vacancy, opened = await asyncio.to_thread(
            compose_leaves, policy, seed, vacancy, applications[vacancy.vacancy_id], lists, SALTS
        )
        leaves += of_vacancy
        openings += opened
        seating = fixed.seating(vacancy.vacancy_id)
        if seating is not None:
            leaves.append(seating)
    texts = [leaf_bytes(leaf) for leaf in leaves]
    return _Composed(leaves, openings, texts, await asyncio.to_thread(tree_levels, texts))


def _proposal(
    round_: Mapping[str, Any],
    policy: Policy,
    province: str,
    newest: Mapping[str, Any] | None,
    composed: _Composed,
    now: datetime,
) -> Proposal:
    """The proposal of the version after the newest signed one."""
    return Proposal(
        format=LIST_FORMAT,
        province=province,
        round_id=round_["round_id"],
        round_name=round_["name"],
        version=1 if newest is None else newest["version"] + 1,
        previous=None if newest is None else newest["root"],
        policy_id=policy.id,
        policy_version=policy.version,
        policy_hash=round_["policy_hash"],
        seed=round_["seed"],
        decreed_seats=round_["decreed_seats"],
        vacancies=sum(isinstance(leaf, VacancyLeaf) for leaf in composed.leaves),
        lines=sum(isinstance(leaf, LineLeaf) for leaf in composed.leaves),
        leaves=len(composed.leaves),
        root=composed.levels[-1][0].hex(),
        proposed_at=instant(now),
        proposed_by="officer",
    )


async def _store_leaves(
    connection: Connection, round_id: str, version: int, composed: _Composed
) -> None:
    leaves, openings = composed.leaves, composed.openings
    await PUBLICATION.store_leaves(
        connection,
        round_id=round_id,
        version=version,
        leaves=list(range(len(leaves))),
        vacancies=[leaf.vacancy_id for leaf in leaves],
        lists=[_list_column(leaf) for leaf in leaves],
        participants=[
            leaf.participant_no if isinstance(leaf, ApplicantLeaf | LineLeaf) else None
            for leaf in leaves
        ],
        contents=[text.decode() for text in composed.texts],
    )
    await PUBLICATION.store_openings(
        connection,
        round_id=round_id,
        version=version,
        vacancies=[opening.vacancy_id for opening in openings],
        lists=[opening.list for opening in openings],
        participants=[opening.participant_no for opening in openings],
        contents=[opening.model_dump_json() for opening in openings],
    )


def _list_column(leaf: Leaf) -> str | None:
    """What a leaf is part of; None for the vacancy itself, which everyone's receipt holds."""
    if isinstance(leaf, VacancyLeaf):
        return None
    return leaf.list if isinstance(leaf, ListLeaf | LineLeaf) else STORED_UNDER[type(leaf)]


def _proposed(proposal: Proposal, leaves: Sequence[Leaf]) -> Proposed:
    seatings = [leaf for leaf in leaves if isinstance(leaf, SeatingLeaf)]
    return Proposed(
        round_id=proposal.round_id,
        version=proposal.version,
        digest=proposal.digest(),
        root=proposal.root,
        vacancies=proposal.vacancies,
        lines=proposal.lines,
        codes=_codes(leaves),
        committed=sum(
            isinstance(leaf, LineLeaf) and leaf.commitment is not None for leaf in leaves
        ),
        seated=sum(seating.accepted for seating in seatings) if seatings else None,
    )


def _codes(leaves: Sequence[Leaf]) -> dict[str, dict[str, int]]:
    """How many lines have which code, by list."""
    codes: dict[str, dict[str, int]] = {}
    for leaf in leaves:
        if isinstance(leaf, ListLeaf):
            codes.setdefault(leaf.list, {})
        elif isinstance(leaf, LineLeaf):
            counts = codes[leaf.list]
            counts[leaf.code] = counts.get(leaf.code, 0) + 1
    return codes
