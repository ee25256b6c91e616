"""The first list of a vacancy: everyone who applied, and what became of the application.

Every participant number stands there, so that the file alone shows who is missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.leaves import (
    AdministrationLeaf,
    ApplicantLeaf,
    Leaf,
    LineLeaf,
    VacancyLeaf,
)
from services.ranking.proofs.domain.list_file import line_in_file
from shared.policies import Codes

AdministrationOutcome = Literal["MS", "TMS", "APS"]


@dataclass(frozen=True, slots=True)
class Application:
    """What is known of an application when its round is published.

    `verified` as in Candidate. `reasons`: codes of what a rejected one does not meet; None where
    they are unknown.
    """

    participant_no: str
    verified: bool | None
    withdrawn: bool
    reasons: str | None = None


@dataclass(frozen=True, slots=True)
class Applications:
    """Everyone who applied for a vacancy, by participant number; `submitted`: how many they are."""

    submitted: int
    known: Sequence[Application]


def outcome_by_line(code: str, codes: Codes) -> AdministrationOutcome:
    """What a line of the policy's first list says of the application."""
    if code == codes.rejected:
        return "TMS"
    return "APS" if code == codes.withdrawn else "MS"


def outcome_without_line(application: Application) -> AdministrationOutcome:
    """What became of an application that stands on no list.

    Raises ProofFault where it should stand on the first.
    """
    if application.verified is False:
        return "TMS"
    if application.withdrawn:
        return "APS"
    says = "was accepted, but stands on no list" if application.verified else "is undecided"
    raise ProofFault(application.participant_no, f"the application {says}")


def participant_numbers(vacancy: VacancyLeaf, submitted: int) -> Iterator[str]:
    """The numbers of everyone who applied, in order."""
    return (f"{vacancy.number:04d}-{number:06d}" for number in range(1, submitted + 1))


def applicants_of(vacancy: VacancyLeaf, leaves: Sequence[Leaf], first: int) -> list[ApplicantLeaf]:
    """The applicants among a vacancy's leaves, which come first, after how many they are.

    `first`: index of the vacancy's leaf. Raises ProofFault where somebody is missing.
    """
    head = leaves[0] if leaves else None
    if not isinstance(head, AdministrationLeaf):
        says = "expected after the vacancy how many applied (administration)"
        raise ProofFault(line_in_file(first), says)
    if head.vacancy_id != vacancy.vacancy_id:
        raise ProofFault(f"{line_in_file(first + 1)}, vacancy_id", f"expected {vacancy.vacancy_id}")
    return [
        _applicant(leaves, index, vacancy, number, line_in_file(first + 1 + index))
        for index, number in enumerate(participant_numbers(vacancy, head.submitted), 1)
    ]


def _applicant(
    leaves: Sequence[Leaf], index: int, vacancy: VacancyLeaf, number: str, where: str
) -> ApplicantLeaf:
    """The leaf with this index, which must be that applicant's of the vacancy."""
    leaf = leaves[index] if index < len(leaves) else None
    if not isinstance(leaf, ApplicantLeaf) or leaf.participant_no != number:
        raise ProofFault(where, f"expected the applicant {number}: nobody may be left out")
    if leaf.vacancy_id != vacancy.vacancy_id:
        raise ProofFault(f"{where}, vacancy_id", f"expected {vacancy.vacancy_id}")
    if (leaf.commitment is not None) is not (leaf.outcome == "TMS"):
        says = "expected one beside TMS" if leaf.outcome == "TMS" else "expected none"
        raise ProofFault(f"{where} ({number}), commitment", says)
    return leaf


def check_first_list(
    applicants: Sequence[ApplicantLeaf], lines: Sequence[LineLeaf], codes: Codes, first: int
) -> None:
    """Raises ProofFault unless the policy's first list has everyone who was accepted.

    And of the others only those of whom it says the same. `first`: index of the first applicant.
    """
    code_of = {line.participant_no: line.code for line in lines}
    for index, leaf in enumerate(applicants, first):
        code = code_of.pop(leaf.participant_no, None)
        if leaf.outcome not in _outcomes_beside(code, codes):
            said = "it is not there" if code is None else f"its code there is {code}"
            raise ProofFault(
                f"{line_in_file(index)} ({leaf.participant_no}), outcome",
                f"{leaf.outcome}, but on the first list {said}",
            )
    if code_of:
        raise ProofFault(min(code_of), "stands on the first list and never applied")


def _outcomes_beside(code: str | None, codes: Codes) -> tuple[AdministrationOutcome, ...]:
    """What may have become of an application with this code on the first list, or with no line."""
    return ("TMS", "APS") if code is None else (outcome_by_line(code, codes),)
