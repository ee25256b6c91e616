"""Shows what was published, version by version: the file that anyone can verify, the same as a
table and for paper, and a candidate's receipt.
"""

import csv
import io
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import PublicationVersion, Root
from services.ranking.proofs.domain.commitments import Opening
from services.ranking.proofs.domain.head import Head, Proposal
from services.ranking.proofs.domain.leaves import SeatingLeaf
from services.ranking.proofs.domain.list_file import write_list, write_proposal
from services.ranking.proofs.domain.merkle_tree import inclusion_path_indices
from services.ranking.proofs.domain.receipt_file import InclusionProof, Receipt, write_receipt
from services.ranking.publication.storage.publications import PUBLICATION
from services.ranking.publication.storage.signing import PublicKey, SigningKey
from shared.contracts.applications import owner_of
from shared.contracts.fields import Post, RoundId, StageCode, VacancyId
from shared.identity import Person
from shared.policies import Policy
from shared.postgres.pool import Connection
from shared.refusals import Refusal

MOST_LEAVES = 10_000
"""Of a version that goes on one page, as a few megabytes; of a larger one a page shows a vacancy at
a time."""


class Keys(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]] = Field(
        description="The keys under which lists were or will be published (RFC 8037)"
    )


class PublishedCorrection(BaseModel):
    """A corrected version of a vacancy's list that an officer adopted."""

    vacancy_id: VacancyId
    post: Post
    list: StageCode
    version: int = Field(
        description="Of the list: `/ranking/vacancies/…/lists/…/versions` has who moved in it"
    )
    adopted_at: AwareDatetime = Field(description="UTC")
    reason: str = Field(description="As the officer wrote it")


class PublishedVersion(BaseModel):
    """A version of a round's published lists; it stays, whatever follows."""

    version: PublicationVersion
    published_at: AwareDatetime = Field(description="UTC")
    root: Root
    previous: str | None = Field(description="Root of the version before, none for the first")
    replaced_by: int | None = Field(description="The version that follows; none: this one counts")
    because: tuple[PublishedCorrection, ...] = Field(
        description="Corrected lists that it holds and the version before did not"
    )
    seats: bool = Field(
        description="Whether it tells of empty seats, offered and answered, what the version before did not"
    )


class PublishedVersions(BaseModel):
    """Every version of a round's published lists, the first one first."""

    round_id: RoundId
    items: tuple[PublishedVersion, ...] = Field(
        description="In the order in which they were published"
    )


@dataclass(frozen=True, slots=True)
class OnPaper:
    """What a page of a published version says.

    `index`: the leaf of each vacancy; `vacancies`: of those that are shown, with the lines of the
    last list. `adopted_since`: corrected lists that count and no published version holds yet.
    """

    head: Head
    signature: str
    policy: Policy
    index: list[Any]
    vacancies: list[Any]
    follows: PublishedVersion | None
    this: PublishedVersion
    replaced_by: PublishedVersion | None
    adopted_since: list[PublishedCorrection]


async def show_versions(connection: Connection, round_id: str) -> PublishedVersions:
    """The versions, and why each but the first was made. Raises Refusal `not-published`."""
    rows = [row async for row in PUBLICATION.signed_versions(connection, round_id=round_id)]
    if not rows:
        raise Refusal("not-published", round_id=round_id)
    because: dict[int, list[PublishedCorrection]] = defaultdict(list)
    async for row in PUBLICATION.corrections_published(connection, round_id=round_id):
        because[row["published_in"]].append(
            PublishedCorrection.model_validate(dict(row), extra="ignore")
        )
    seats = {
        row["version"] async for row in PUBLICATION.seats_published(connection, round_id=round_id)
    }
    versions = {row["version"]: row["head"] for row in rows}
    items = tuple(
        PublishedVersion(
            version=version,
            published_at=head["published_at"],
            root=head["root"],
            previous=head["previous"],
            replaced_by=version + 1 if version + 1 in versions else None,
            because=tuple(because[version]),
            seats=version in seats,
        )
        for version, head in versions.items()
    )
    return PublishedVersions(round_id=round_id, items=items)


async def newest_published(connection: Connection, round_id: str) -> int | None:
    """The newest published version, if there is one."""
    row = await PUBLICATION.newest_signed(connection, round_id=round_id)
    return None if row is None else row["version"]


async def show_proposal(connection: Connection, round_id: str) -> bytes:
    """All that an officer proposed and nobody has signed yet. Raises Refusal `nothing-proposed`."""
    row = await PUBLICATION.proposed(connection, round_id=round_id)
    if row is None:
        raise Refusal("nothing-proposed", round_id=round_id)
    leaves = await _leaves(connection, round_id, row["version"])
    return write_proposal(Proposal(**row["proposal"]), row["policy"], leaves)


async def show_published(connection: Connection, round_id: str, version: int | None) -> bytes:
    """The published file, by default of the newest version. Raises Refusal `not-published`."""
    row = await _published(connection, round_id, version)
    leaves = await _leaves(connection, round_id, row["version"])
    return write_list(Head(**row["head"]), row["signature"], row["policy"], leaves)


async def show_table(connection: Connection, round_id: str, version: int | None) -> str:
    """The published lines as CSV. Raises Refusal `not-published`."""
    row = await _published(connection, round_id, version)
    policy = Policy.model_validate(row["policy"])
    components = [component.code for stage in policy.stages for component in stage.components]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("vacancy_id", "list", "rank", "participant_no", "score", "code", *components))
    for text in await _leaves(connection, round_id, row["version"]):
        leaf = json.loads(text)
        if leaf["kind"] == "line":
            table.writerow(
                (
                    *(
                        leaf[name]
                        for name in (
                            "vacancy_id",
                            "list",
                            "rank",
                            "participant_no",
                            "score",
                            "code",
                        )
                    ),
                    *(leaf["points"].get(code) for code in components),
                )
            )
        elif (
            leaf["kind"] == "seating"
        ):  # who has a seat there by an offer, wherever they had applied
            for offer in leaf["offers"]:
                if offer["answer"] == "accepted":
                    row = (
                        leaf["vacancy_id"],
                        "seating",
                        None,
                        offer["participant_no"],
                        None,
                        offer["code"],
                    )
                    table.writerow((*row, *(None for _ in components)))
    return out.getvalue()


async def show_page(
    connection: Connection, round_id: str, version: int | None, vacancy_id: str | None
) -> OnPaper:
    """The same for paper: of one vacancy, or of all, unless those are too many for a page.

    Raises Refusal `not-published`, `unknown-vacancy`.
    """
    row = await _published(connection, round_id, version)
    policy = Policy.model_validate(row["policy"])
    which = {"round_id": round_id, "version": row["version"]}
    index = [
        json.loads(each["content"]) async for each in PUBLICATION.vacancies_of(connection, **which)
    ]
    if vacancy_id is not None and vacancy_id not in {one["vacancy_id"] for one in index}:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    vacancies: list[Any] = []
    if vacancy_id is not None or row["head"]["leaves"] <= MOST_LEAVES:
        vacancies = await _on_paper(connection, round_id, row["version"], policy, vacancy_id)
    versions = {one.version: one for one in (await show_versions(connection, round_id)).items}
    this = versions[row["version"]]
    since = []
    if this.replaced_by is None:
        rows = PUBLICATION.adopted_since(connection, **which)
        since = [PublishedCorrection.model_validate(dict(each)) async for each in rows]
    return OnPaper(
        Head(**row["head"]),
        row["signature"],
        policy,
        index,
        vacancies,
        versions.get(this.version - 1),
        this,
        versions.get(this.version + 1),
        since,
    )


async def _on_paper(
    connection: Connection, round_id: str, version: int, policy: Policy, vacancy_id: str | None
) -> list[Any]:
    """Vacancies with the lines of the last list, whom an officer put in order there, and their
    seating.
    """
    last = policy.lists[-1]
    vacancies: list[Any] = []
    async for row in PUBLICATION.leaves_on_paper(
        connection, round_id=round_id, version=version, list=last.code, vacancy_id=vacancy_id
    ):
        leaf = json.loads(row["content"])
        if leaf["kind"] == "vacancy":
            vacancies.append({**leaf, "lines": [], "decided": {}, "seating": None})
        elif leaf["kind"] == "list":
            vacancies[-1]["decided"] = leaf["decided"] if len(leaf["decided"]) > 1 else {}
        elif leaf["kind"] == "line":
            vacancies[-1]["lines"].append(leaf)
        elif leaf["kind"] == "seating":
            accepted = [offer for offer in leaf["offers"] if offer["answer"] == "accepted"]
            selected = sum(last.goes_on(line["code"]) for line in vacancies[-1]["lines"])
            taken = selected - len(leaf["gave_up"]) + len(accepted)
            seating = {**leaf, "accepted": accepted, "left_empty": vacancies[-1]["seats"] - taken}
            vacancies[-1]["seating"] = seating
    return vacancies


async def show_receipt(
    connection: Connection,
    person: Person | None,
    vacancy_id: str,
    participant_no: str,
    version: int | None = None,
) -> bytes:
    """A candidate's lines, and what became of seats offered to them, with the proof that it stands
    on the published list, by default on the newest where they do; to the candidate's own token also
    what opens commitments.

    Raises Refusal `no-receipt`.
    """
    which = {"vacancy_id": vacancy_id, "participant_no": participant_no}
    row = await PUBLICATION.published_with(connection, **which, version=version)
    if row is None:
        raise Refusal("no-receipt", vacancy_id=vacancy_id, participant_no=participant_no)
    published = {"round_id": row["round_id"], "version": row["version"]}
    head = Head(**row["head"])
    leaves = [
        each async for each in PUBLICATION.leaves_of_candidate(connection, **published, **which)
    ]
    seatings = [
        each async for each in PUBLICATION.seatings_of_candidate(connection, **published, **which)
    ]
    leaves += [
        each for each in seatings if SeatingLeaf.model_validate_json(each["content"]).names(**which)
    ]
    ways = {each["leaf"]: inclusion_path_indices(each["leaf"], head.leaves) for each in leaves}
    places = sorted({place for way in ways.values() for place in way})
    hashes = {
        each["place"]: each["hash"].hex()
        async for each in PUBLICATION.hashes(connection, **published, places=places)
    }
    proven = [
        InclusionProof(
            index=each["leaf"],
            leaf=json.loads(each["content"]),
            path=[hashes[place] for place in ways[each["leaf"]]],
        )
        for each in leaves
    ]
    openings: list[Opening] = []
    if person is not None:
        owner = await PUBLICATION.owner(connection, **which)
        if owner is not None and owner == owner_of(participant_no, person.subject):
            rows = PUBLICATION.openings_of(connection, **published, **which)
            openings = [Opening(**each["content"]) async for each in rows]
    return write_receipt(Receipt(head, row["signature"], proven, openings))


async def show_keys(connection: Connection, key: SigningKey | None) -> dict[str, PublicKey]:
    """The public keys by id: the present one first, then those of lists published before."""
    found = {} if key is None else {key.public.id: key.public}
    async for row in PUBLICATION.signing_keys(connection):
        earlier = PublicKey.read(row["public_key"].encode())
        found.setdefault(earlier.id, earlier)
    return found


async def _published(connection: Connection, round_id: str, version: int | None) -> Any:
    row = await PUBLICATION.published(connection, round_id=round_id, version=version)
    if row is None:
        raise Refusal("not-published", round_id=round_id)
    return row


async def _leaves(connection: Connection, round_id: str, version: int) -> list[bytes]:
    rows = PUBLICATION.leaves_of(connection, round_id=round_id, version=version)
    return [row["content"].encode() async for row in rows]
