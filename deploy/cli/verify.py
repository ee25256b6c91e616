"""`terang verify`: checks a published list, or a receipt, without asking any server."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy.cli.list_findings import Findings
from deploy.cli.policy import named
from deploy.cli.printable import say
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.head import Head
from services.ranking.proofs.domain.leaves import ApplicantLeaf, Leaf, LineLeaf, SeatingLeaf
from services.ranking.proofs.domain.list_stream import LONGEST_LINE, ListStream, open_list
from services.ranking.proofs.domain.reading import read
from services.ranking.proofs.domain.receipt_file import Receipt, check_receipt, list_of
from services.ranking.publication.domain.law import check_law, check_opening, check_well_known
from services.ranking.publication.domain.times import check_begun
from services.ranking.publication.domain.verification import (
    VacancyLeaves,
    check_policy,
    check_signed,
    checked_vacancies,
    vacancies_of,
)
from services.ranking.publication.domain.versions import changed_lines, check_follows
from services.ranking.publication.storage.signing import KeyFault, PublicKey
from shared.contracts.applications import RoundOpened
from shared.policies import Policy, bundled_ids, load

app = typer.Typer()

CHANGES_SHOWN = 100
"""Lines that changed since the version before that are printed; the rest is counted."""

LARGEST_AT_ONCE = 64_000_000
"""Bytes of a file that is read whole: a receipt, or what is no list as it must be written."""


class PreviousProofFault(ProofFault):
    """What is wrong with the file of the version before."""


@dataclass(frozen=True, slots=True)
class Law:
    """What the caller says of the round's law: its policy, its opening, or nothing."""

    policy: Policy | None = None
    opened: RoundOpened | None = None

    def check(self, head: Head) -> None:
        """Raises ProofFault where a file's head says something else."""
        check_well_known(head, load(head.policy_id) if head.policy_id in bundled_ids() else None)
        if self.policy is not None:
            check_law(head, self.policy)
        if self.opened is not None:
            check_opening(head, self.opened)

    def check_vacancy(self, vacancy: VacancyLeaves) -> None:
        """Raises ProofFault for a list that was fixed before the round began."""
        if self.opened is not None:
            begins = self.opened.calendar.registration_opens
            check_begun(vacancy.leaves, begins, vacancy.first)

    @property
    def is_named(self) -> bool:
        """Whether a file that agrees ranks under the law of its round, as the caller says."""
        return self.policy is not None or self.opened is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is true of a file, line by line.

    `law_named`: also that it ranks under the policy that the caller named.
    """

    lines: list[str]
    law_named: bool


@dataclass(frozen=True, slots=True)
class Previous:
    """The file of the version before, and how many of the lines that differ are told."""

    path: Path
    shown: int = CHANGES_SHOWN


def verified(path: Path, key: PublicKey, law: Law, previous: Previous | None = None) -> Verdict:
    """What is true of a published file.

    `previous` is the list of the version before: then also that the list follows it, and whose
    lines moved. Raises ProofFault with the first fault; PreviousProofFault where the fault is in
    the list of the version before.
    """
    with opened(path) as published:
        if isinstance(published, ListStream):
            return Verdict([*_of_list(published, path, key, law, previous)], law.is_named)
        if previous is not None:
            raise ProofFault(
                "--previous", "a receipt follows no other file: check the list of that version"
            )
        # a receipt says where somebody stands, and ranks nobody: it rests on no law
        return Verdict([*_of_receipt(published, key, law)], law_named=True)


@contextmanager
def opened(path: Path) -> Iterator[ListStream | Receipt]:
    """The list in a file, to be read once, or the receipt. Raises ProofFault."""
    with path.open("rb") as file:
        published = open_list(file)
        if published is not None:
            yield published
            return
        file.seek(0)
        data = file.read(LARGEST_AT_ONCE + 1)
        if len(data) > LARGEST_AT_ONCE:
            raise ProofFault("the file", "not written canonically, as a list with a leaf on a line")
        receipt = read(data)
        if not isinstance(receipt, Receipt):
            raise ProofFault("the file", f"a line is longer than {LONGEST_LINE} bytes")
        yield receipt


def _of_list(
    published: ListStream, path: Path, key: PublicKey, law: Law, previous: Previous | None
) -> Iterator[str]:
    """What is true of a list. Raises ProofFault."""
    head = published.head
    check_signed(head, published.signature, key.accepts, key.id)
    policy = check_policy(head, published.policy)
    law.check(head)
    findings = Findings(head, policy)
    for vacancy in checked_vacancies(head, policy, published.leaves):
        law.check_vacancy(vacancy)
        findings.add(vacancy)
    rests_on = "the round's policy" if law.is_named else "its own rules"
    yield (
        f"The list of {_title(head)}, was signed with this key and follows from its facts under "
        f"{rests_on}."
    )
    yield (
        f"{head.lines} lines of {head.vacancies} vacancies recomputed under "
        f"{policy.id} {policy.version}; root {head.root}"
    )
    yield _policy_of(head)
    yield from findings.sentences()
    if previous is not None:
        yield from followed(head, path, previous, key)
    elif head.previous is not None:
        yield (
            f"It follows version {head.version - 1} with the root {head.previous}: "
            "--previous FILE checks that too."
        )


def _of_receipt(receipt: Receipt, key: PublicKey, law: Law) -> Iterator[str]:
    """What is true of a receipt. Raises ProofFault."""
    check_receipt(receipt, key.accepts, key.id)
    law.check(receipt.head)
    yield f"The receipt is genuine: these lines stand on the list of {_title(receipt.head)}."
    yield _policy_of(receipt.head)
    leaves = [proven.leaf for proven in receipt.leaves]
    yield from _own(leaves)
    for opening in receipt.openings:
        facts = ", ".join(
            f"{name} {'unknown' if value is None else value}"
            for name, value in opening.facts.items()
        )
        yield f"Facts that the commitment on {opening.list} binds: {facts}"


def _own(leaves: Sequence[Leaf]) -> Iterator[str]:
    """What a candidate's leaves say: outcome, places, and what became of seats."""
    own = [leaf for leaf in leaves if isinstance(leaf, ApplicantLeaf | LineLeaf)]
    for line in own:
        says = _place(line) if isinstance(line, LineLeaf) else line.outcome
        yield f"{line.participant_no}, {list_of(line)}: {says}"
    for leaf in leaves:
        if isinstance(leaf, SeatingLeaf):
            yield from seat(leaf, own[0].vacancy_id, own[0].participant_no)


def _title(head: Head) -> str:
    return (
        f"{head.round_id} ({head.round_name}), version {head.version}, "
        f"published {head.published_at}"
    )


def _policy_of(head: Head) -> str:
    return f"Policy: {head.policy_id} {head.policy_version}, SHA-256 {head.policy_hash}"


def seat(leaf: SeatingLeaf, vacancy_id: str, participant_no: str) -> list[str]:
    """What a vacancy's seating says of one candidate."""
    sentences = [
        f"{participant_no}, a seat of {leaf.vacancy_id}: offered as {offer.code}, {offer.answer}"
        for offer in leaf.offers_to(vacancy_id, participant_no)
    ]
    if leaf.vacancy_id != vacancy_id:
        return sentences
    if participant_no in leaf.gave_up:
        answer = leaf.gave_up[participant_no]
        sentences.append(f"{participant_no}, the seat of {vacancy_id} by the list: {answer}")
    if participant_no in leaf.not_asked:
        sentences.append(f"{participant_no}: out before seats were offered, and not asked")
    return sentences


def followed(later: Head, path: Path, previous: Previous, key: PublicKey) -> Iterator[str]:
    """That the list at `path` follows the one of the version before, and whose lines differ.

    Raises PreviousProofFault.
    """
    told: list[str] = []
    count = 0
    try:
        with opened(previous.path) as earlier, opened(path) as again:
            before = _earlier(later, earlier, key)
            assert isinstance(again, ListStream)  # it was checked before
            now = vacancies_of(leaf for leaf, _ in again.leaves)
            for change in changed_lines(*((one.leaves for one in both) for both in (before, now))):
                count += 1
                if count <= previous.shown:
                    told.append(
                        f"{change.vacancy_id}, {change.list}, {change.participant_no}: "
                        f"{_place(change.was)} -> {_place(change.now)}"
                    )
            head = earlier.head
    except ProofFault as fault:
        raise PreviousProofFault(fault.where, fault.says) from fault
    yield (
        f"It follows version {head.version}, published {head.published_at}: {count} lines differ."
    )
    if head.key_id != key.id:
        yield f"That one was signed with the key {head.key_id}: its signature was not checked."
    yield from told
    if count > len(told):
        yield f"… and {count - len(told)} more: --all-changes names everyone"


def _earlier(later: Head, earlier: ListStream | Receipt, key: PublicKey) -> Iterator[VacancyLeaves]:
    """The vacancies of the version before, checked as they come. Raises ProofFault."""
    if isinstance(earlier, Receipt):
        raise ProofFault("the file", "a receipt, expected the list of the version before")
    check_follows(later, earlier.head)
    if earlier.head.key_id == key.id:  # else the root that the later names stands for all lines
        check_signed(earlier.head, earlier.signature, key.accepts, key.id)
    policy = check_policy(earlier.head, earlier.policy)
    return checked_vacancies(earlier.head, policy, earlier.leaves)


def _place(line: LineLeaf | None) -> str:
    if line is None:
        return "not on it"
    rank = "no rank" if line.rank is None else f"rank {line.rank}"
    return f"{rank}, score {line.score or 'none'}, code {line.code}"


def _existing(help_: str) -> object:
    return typer.Option(help=help_, exists=True, dir_okay=False)


@app.command()
def verify(
    file: Annotated[
        Path, typer.Argument(help="A published list or a receipt", exists=True, dir_okay=False)
    ],
    key: Annotated[Path, _existing("The province's public key (PEM), from a source you trust")],
    policy: Annotated[
        str | None,
        typer.Option(help="The round's policy as you know it: an id, or a TOML file"),
    ] = None,
    round_opened: Annotated[
        Path | None,
        _existing("The round's RoundOpened as JSON, from the topic terang.applications"),
    ] = None,
    previous: Annotated[
        Path | None,
        _existing("The list of the version before: that this one follows it, and who moved"),
    ] = None,
    all_changes: Annotated[
        bool, typer.Option("--all-changes", help="With --previous: name everyone who moved")
    ] = False,
) -> None:
    """Check signature, hashes and ranking of a published list, or of a receipt.

    Status 0: it follows from its facts under the policy that you name, by --policy or by
    --round-opened. Status 3: so it does, but under its own rules: name the round's. Status 1: the
    first fault. Status 2: a file, the key or the policy is not there.
    """
    law = Law(
        None if policy is None else named(policy),
        None if round_opened is None else _opening(round_opened),
    )
    before = None if previous is None else Previous(previous)
    if before is not None and all_changes:
        before = replace(before, shown=sys.maxsize)
    verdict = _verdict_or_exit(file, key, law, before, previous)
    for line in verdict.lines:
        say(line)
    if not verdict.law_named:
        say(
            "The list follows from its own rules; nobody said that they are the round's. Name the "
            "round's policy (--policy) or its opening (--round-opened).",
            err=True,
        )
        raise typer.Exit(3)


def _verdict_or_exit(
    file: Path, key: Path, law: Law, before: Previous | None, previous: Path | None
) -> Verdict:
    """What is true of the file; ends the command with status 1 and the first fault."""
    try:
        return verified(file, PublicKey.read(key.read_bytes()), law, before)
    except PreviousProofFault as fault:
        say(f"{previous}: {fault}", err=True)
    except ProofFault as fault:
        say(f"{file}: {fault}", err=True)
    except KeyFault as error:
        say(f"{key}: {error}", err=True)
    raise typer.Exit(1)


def _opening(path: Path) -> RoundOpened:
    """The round's opening in a file: the event's data, or a CloudEvent in JSON that holds them.

    Ends the command with status 2 where it is none.
    """
    try:
        value = json.loads(path.read_bytes())
        inner = value.get("data") if isinstance(value, dict) else None
        return RoundOpened.model_validate_json(json.dumps(inner or value))
    except ValidationError as error:
        first = error.errors()[0]
        fault = f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}"
    except (ValueError, RecursionError):
        fault = "no JSON in UTF-8"
    say(f"{path}: no RoundOpened: {fault}", err=True)
    raise typer.Exit(2)
