"""Shows published lists as files: the one that anyone can verify, a table, and what is proposed."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.ranking.proofs.domain.head import Head, Proposal
from services.ranking.proofs.domain.leaves import ADMINISTRATION
from services.ranking.proofs.domain.list_file import write_list, write_proposal
from services.ranking.publication.storage.publications import PUBLICATION, load_published
from shared.policies import Policy
from shared.postgres.pool import Connection
from shared.refusals import Refusal

COLUMNS = ("vacancy_id", "list", "rank", "participant_no", "score", "code")


async def show_proposal(connection: Connection, round_id: str) -> bytes:
    """All that an officer proposed and nobody has signed yet. Raises Refusal `nothing-proposed`."""
    row = await PUBLICATION.proposed(connection, round_id=round_id)
    if row is None:
        raise Refusal("nothing-proposed", round_id=round_id)
    leaves = await _leaves(connection, round_id, row["version"])
    return write_proposal(Proposal(**row["proposal"]), row["policy"], leaves)


async def show_published(connection: Connection, round_id: str, version: int | None) -> bytes:
    """The published file, by default of the newest version. Raises Refusal `not-published`."""
    row = await load_published(connection, round_id, version)
    leaves = await _leaves(connection, round_id, row["version"])
    return write_list(Head(**row["head"]), row["signature"], row["policy"], leaves)


async def show_table(connection: Connection, round_id: str, version: int | None) -> str:
    """Applicants, lines, and seats by an offer, as CSV. Raises Refusal `not-published`."""
    row = await load_published(connection, round_id, version)
    policy = Policy.model_validate(row["policy"])
    components = [component.code for stage in policy.stages for component in stage.components]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow((*COLUMNS, *components))
    for text in await _leaves(connection, round_id, row["version"]):
        table.writerows(_table_rows(json.loads(text), components))
    return out.getvalue()


def _table_rows(leaf: Mapping[str, Any], components: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """A line's row, an applicant's, or the rows of who has a seat of the vacancy by an offer."""
    empty = [None for _ in components]
    if leaf["kind"] == "applicant":
        number, code = leaf["participant_no"], leaf["outcome"]
        yield (leaf["vacancy_id"], ADMINISTRATION, None, number, None, code, *empty)
    elif leaf["kind"] == "line":
        values = [leaf[column] for column in COLUMNS]
        yield (*values, *(leaf["points"].get(component) for component in components))
    elif leaf["kind"] == "seating":
        for offer in leaf["offers"]:
            if offer["answer"] == "accepted":
                number, code = offer["participant_no"], offer["code"]
                values = [leaf["vacancy_id"], "seating", None, number, None, code]
                yield (*values, *empty)


async def _leaves(connection: Connection, round_id: str, version: int) -> list[bytes]:
    rows = PUBLICATION.leaves_of(connection, round_id=round_id, version=version)
    return [row["content"].encode() async for row in rows]
