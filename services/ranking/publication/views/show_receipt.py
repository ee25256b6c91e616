"""Shows a candidate's receipt: proof that the own lines stand on the published list."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.head import Head
from services.ranking.proofs.domain.leaves import SeatingLeaf
from services.ranking.proofs.domain.merkle_tree import inclusion_path_indices
from services.ranking.proofs.domain.receipt_file import InclusionProof, Receipt, write_receipt
from services.ranking.publication.storage.publications import PUBLICATION
from shared.candidacy import is_own_number
from shared.identity import Person
from shared.postgres.pool import Connection
from shared.refusals import Refusal


async def show_receipt(
    connection: Connection,
    person: Person | None,
    vacancy_id: str,
    participant_no: str,
    version: int | None = None,
) -> bytes:
    """A receipt for a candidate's lines, and for what became of seats offered to them.

    Of the newest version where they stand, unless one is named; for the candidate's own token it
    also holds what opens commitments. Raises Refusal `no-receipt`.
    """
    row = await PUBLICATION.published_with(
        connection, vacancy_id=vacancy_id, participant_no=participant_no, version=version
    )
    if row is None:
        raise Refusal("no-receipt", vacancy_id=vacancy_id, participant_no=participant_no)
    head = Head(**row["head"])
    candidate = _Published(row["round_id"], row["version"], vacancy_id, participant_no)
    leaves = await _leaves(connection, candidate)
    proofs = await _inclusion_proofs(connection, candidate, head.leaves, leaves)
    openings = await _openings(connection, candidate, person)
    return write_receipt(Receipt(head, row["signature"], proofs, openings))


class _Published(NamedTuple):
    """A candidate on a published version."""

    round_id: str
    version: int
    vacancy_id: str
    participant_no: str


async def _leaves(connection: Connection, candidate: _Published) -> dict[int, str]:
    """The leaves about a candidate by their index, as text."""
    leaves = {
        row["leaf"]: row["content"]
        async for row in PUBLICATION.leaves_of_candidate(
            connection,
            round_id=candidate.round_id,
            version=candidate.version,
            vacancy_id=candidate.vacancy_id,
            participant_no=candidate.participant_no,
        )
    }
    async for row in PUBLICATION.seatings_of_candidate(
        connection,
        round_id=candidate.round_id,
        version=candidate.version,
        vacancy_id=candidate.vacancy_id,
        participant_no=candidate.participant_no,
    ):
        seating = SeatingLeaf.model_validate_json(row["content"])
        if seating.names(candidate.vacancy_id, candidate.participant_no):
            leaves[row["leaf"]] = row["content"]
    return leaves


async def _inclusion_proofs(
    connection: Connection, candidate: _Published, tree_size: int, leaves: Mapping[int, str]
) -> list[InclusionProof]:
    paths = {index: inclusion_path_indices(index, tree_size) for index in leaves}
    hashes = {
        row["place"]: row["hash"].hex()
        async for row in PUBLICATION.hashes(
            connection,
            round_id=candidate.round_id,
            version=candidate.version,
            places=sorted({place for path in paths.values() for place in path}),
        )
    }
    return [
        InclusionProof(
            index=index, leaf=json.loads(text), path=[hashes[place] for place in paths[index]]
        )
        for index, text in leaves.items()
    ]


async def _openings(
    connection: Connection, candidate: _Published, person: Person | None
) -> list[Opening]:
    """What opens the candidate's commitments, where the number is this person's."""
    if person is None or not await is_own_number(
        connection,
        person,
        candidate.round_id,
        candidate.vacancy_id,
        candidate.participant_no,
    ):
        return []
    rows = PUBLICATION.openings_of(
        connection,
        round_id=candidate.round_id,
        version=candidate.version,
        vacancy_id=candidate.vacancy_id,
        participant_no=candidate.participant_no,
    )
    return [Opening(**row["content"]) async for row in rows]
