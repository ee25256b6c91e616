"""A round's lists as officers fixed them, with all that is published of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.ranking.proofs.domain.canonical import canonical, instant
from services.ranking.proofs.domain.leaves import (
    AcceptedEducation,
    SeatingLeaf,
    VacancyLeaf,
    new_salt,
)
from services.ranking.publication.domain.applicants import Application, Applications
from services.ranking.publication.domain.compose_leaves import (
    FixedLine,
    FixedList,
    PersonalFacts,
)
from services.ranking.publication.storage.publications import PUBLICATION
from shared.policies import Policy
from shared.postgres.pool import Connection

Lines = Mapping[tuple[str, str], Sequence[FixedLine]]
"""Lines by vacancy id and list code."""


@dataclass(frozen=True, slots=True)
class FixedRound:
    """Rows of a round: its vacancies by number, fixed lists, and how seats were filled.

    `lists` by vacancy id and list code. `seatings` by vacancy id; None unless filling is complete.
    """

    vacancies: Sequence[Mapping[str, Any]]
    lists: Mapping[tuple[str, str], Mapping[str, Any]]
    seatings: Mapping[str, Mapping[str, Any]] | None

    @property
    def vacancy_ids(self) -> list[str]:
        return [row["vacancy_id"] for row in self.vacancies]

    def digest(self) -> str:
        """SHA-256 of lists and seatings in hexadecimal, without salts and times, which are new."""
        found = sha256()
        for (vacancy_id, code), row in sorted(self.lists.items(), key=lambda item: item[0]):
            found.update(f"{vacancy_id},{code},{row['version']},{row['digest']}\n".encode())
        for vacancy_id, row in (self.seatings or {}).items():
            found.update(canonical([vacancy_id, row["gave_up"], row["offers"]]))
        return found.hexdigest()

    def fixed_list(self, vacancy_id: str, code: str, lines: Lines) -> FixedList:
        """One of its lists with its lines."""
        row = self.lists[vacancy_id, code]
        return FixedList(
            code,
            row["version"],
            instant(row["closed_at"]),
            row["digest"],
            lines.get((vacancy_id, code), []),
            row["decided"],
        )

    def seating(self, vacancy_id: str) -> SeatingLeaf | None:
        """The seating of a vacancy as a new leaf, once filling is complete."""
        if self.seatings is None:
            return None
        row = self.seatings[vacancy_id]
        return SeatingLeaf(
            kind="seating",
            salt=new_salt(),
            vacancy_id=vacancy_id,
            education=[
                AcceptedEducation(level=accepted["level"], programme=accepted["programme"])
                for accepted in row["education"]
            ],
            gave_up=row["gave_up"],
            not_asked=row["not_asked"],
            decided=row["decided"],
            offers=row["offers"],
        )


def vacancy_leaf(row: Mapping[str, Any]) -> VacancyLeaf:
    """A vacancy's row as a new leaf."""
    return VacancyLeaf(kind="vacancy", salt=new_salt(), **row)


async def load_fixed_round(connection: Connection, round_id: str, policy: Policy) -> FixedRound:
    """The round as officers fixed it, without the lines of its lists."""
    vacancies = [row async for row in PUBLICATION.closed_vacancies(connection, round_id=round_id)]
    lists = {
        (row["vacancy_id"], row["list"]): row
        async for row in PUBLICATION.closings(connection, round_id=round_id)
    }
    last = policy.lists[-1].code
    return FixedRound(vacancies, lists, await _complete_seatings(connection, round_id, last))


async def _complete_seatings(
    connection: Connection, round_id: str, list_code: str
) -> dict[str, Any] | None:
    """The seatings by vacancy id, or None unless filling is complete.

    That is where each seat is taken, or left empty with nobody to ask.
    """
    seatings = {}
    async for row in PUBLICATION.seatings(connection, round_id=round_id, list=list_code):
        answers = [offer["answer"] for offer in row["offers"]]
        taken = row["selected"] - len(row["gave_up"]) + answers.count("accepted")
        if None in answers or taken + row["left_empty"] < row["seats"]:
            return None
        seatings[row["vacancy_id"]] = row
    return seatings or None


async def load_applications(
    connection: Connection, vacancy_ids: list[str]
) -> Mapping[str, Applications]:
    """Everyone who applied, by vacancy id."""
    known: dict[str, list[Application]] = {vacancy_id: [] for vacancy_id in vacancy_ids}
    async for vacancy_id, *application in PUBLICATION.applications(
        connection, vacancies=vacancy_ids
    ):
        known[vacancy_id].append(Application(*application))
    submitted = {
        row["vacancy_id"]: row["submitted"]
        async for row in PUBLICATION.submitted(connection, vacancies=vacancy_ids)
    }
    return {
        vacancy_id: Applications(submitted.get(vacancy_id, 0), applications)
        for vacancy_id, applications in known.items()
    }


async def load_lines(connection: Connection, policy: Policy, vacancy_ids: list[str]) -> Lines:
    """The lines of all lists of these vacancies, with the facts by which they were ranked."""
    lines: dict[tuple[str, str], list[FixedLine]] = defaultdict(list)
    for code in (listed.code for listed in policy.lists):
        rows = PUBLICATION.lines_to_publish(connection, vacancies=vacancy_ids, list=code)
        async for vacancy_id, place, number, rank, equals, score, published, points, *facts in rows:
            known = PersonalFacts(*facts)
            line = FixedLine(place, number, rank, equals, score, published, points, known)
            lines[vacancy_id, code].append(line)
    return lines
