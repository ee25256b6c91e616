"""Rounds, and vacancies as they are named: what every other room looks up first."""

from dataclasses import dataclass
from pathlib import Path

from services.ranking.rounds.domain import Round
from shared.phrases import Phrase
from shared.policies import Policy
from shared.postgres import queries
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SQL = queries.load(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True)
class NamedVacancy:
    """A vacancy as people name it on paper, with its round."""

    vacancy_id: str
    agency: str
    post: str
    unit_path: str
    need: str
    round: Round


async def load_round(connection: Connection, round_id: str) -> Round:
    """The round. Raises Refusal `unknown-round`."""
    row = await SQL.round(connection, round_id=round_id)
    if row is None:
        raise Refusal("unknown-round", round_id=round_id)
    policy = Policy.model_validate_json(row["policy"])
    return Round(round_id, row["name"], policy, row["policy_hash"], row["decreed_seats"])


async def round_of_vacancy(connection: Connection, vacancy_id: str) -> str:
    """Id of the vacancy's round. Raises Refusal `unknown-vacancy`."""
    row = await SQL.vacancy(connection, vacancy_id=vacancy_id)
    if row is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    return str(row["round_id"])


async def vacancy_of_candidate(connection: Connection, round_id: str, participant_no: str) -> str:
    """Id of the vacancy that a participant number begins with.

    Raises Refusal `unknown-round`, or `not-found` where the round has no such vacancy.
    """
    number = int(participant_no.partition("-")[0])
    found = await SQL.vacancy_of_number(connection, round_id=round_id, number=number)
    if found is None:
        await load_round(connection, round_id)
        what = Phrase("candidate", participant_no=participant_no, round_id=round_id)
        raise Refusal("not-found", what=what)
    return str(found)


async def load_vacancy(connection: Connection, vacancy_id: str) -> NamedVacancy:
    """The vacancy.

    Raises Refusal `unknown-vacancy`, `unknown-round` while its round has not arrived.
    """
    row = await SQL.vacancy(connection, vacancy_id=vacancy_id)
    if row is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    round_ = await load_round(connection, row["round_id"])
    return NamedVacancy(
        vacancy_id, row["agency"], row["post"], row["unit_path"], row["need"], round_
    )
