"""Shows an officer how far a round is: what has arrived, what is missing, what is closed."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from services.ranking.answer_fields import VacancyNumber
from services.ranking.lists.domain.readiness import Arrived, Missing, missing
from services.ranking.standings.storage import SQL
from shared.contracts.fields import RoundId, StageCode, VacancyId
from shared.policies import List, Policy
from shared.postgres.pool import Connection
from shared.refusals import Refusal

SHOWN = 100
"""Vacancies that a view or a refusal names; the counts are of all."""


class VacancyLacks(BaseModel):
    """A vacancy that can't be closed yet, and why."""

    vacancy_id: VacancyId
    number: VacancyNumber
    missing: list[str] = Field(description="What has not arrived, each in English and Indonesian")


class ListReadiness(BaseModel):
    """One list of the policy, over all vacancies of the round."""

    list: StageCode
    stage: str = Field(description="The stage whose sittings complete it")
    vacancies: int = Field(description="Vacancies of the round that have arrived")
    ready: int = Field(
        description="Vacancies of which all has arrived, and which are not closed yet"
    )
    closed: int = Field(description="Vacancies whose list is fixed")
    changed_since: tuple[str, ...] = Field(
        description="Vacancies whose live standings differ from the list as it was fixed (a correction came later); the first 100"
    )
    lacking: tuple[VacancyLacks, ...] = Field(
        description="Vacancies that lack something; the first 100"
    )


class RoundView(BaseModel):
    """A round as ranking knows it."""

    round_id: RoundId
    name: str = Field(description="The round's name for people")
    policy_id: str = Field(description="Name of the policy")
    policy_version: str = Field(description="Its version")
    policy_hash: str = Field(
        description="SHA-256 of the policy's canonical JSON, as RoundOpened states it"
    )
    decreed_seats: int = Field(description="Seats that the Minister's decree grants")
    seats: int = Field(
        description="Seats of the vacancies that have arrived; a list closes only when they equal the decreed ones"
    )
    lists: list[ListReadiness] = Field(description="In the order in which they are closed")


@dataclass(frozen=True, slots=True)
class Round:
    """A round and its law."""

    round_id: str
    name: str
    policy: Policy
    policy_hash: str
    decreed_seats: int


@dataclass(frozen=True, slots=True)
class VacancyState:
    """One vacancy's readiness for one list."""

    vacancy_id: str
    number: int
    seats: int
    closed: bool
    changed: bool
    missing: Sequence[Missing]


async def show_round(connection: Connection, round_id: str) -> RoundView:
    """The round. Raises Refusal `unknown-round`."""
    round_ = await the_round(connection, round_id)
    lists = []
    seats = 0
    for one in round_.policy.lists:
        states = await states_of(connection, round_, one)
        seats = sum(state.seats for state in states)
        lists.append(_readiness(one, states))
    return RoundView(
        round_id=round_id,
        name=round_.name,
        policy_id=round_.policy.id,
        policy_version=round_.policy.version,
        policy_hash=round_.policy_hash,
        decreed_seats=round_.decreed_seats,
        seats=seats,
        lists=lists,
    )


async def the_round(connection: Connection, round_id: str) -> Round:
    """The round. Raises Refusal `unknown-round`."""
    row = await SQL.round(connection, round_id=round_id)
    if row is None:
        raise Refusal("unknown-round", round_id=round_id)
    policy = Policy.model_validate_json(row["policy"])
    return Round(round_id, row["name"], policy, row["policy_hash"], row["decreed_seats"])


async def states_of(connection: Connection, round_: Round, one: List) -> list[VacancyState]:
    """How far each vacancy of the round is for that list, by number."""
    rows = SQL.readiness(
        connection,
        round_id=round_.round_id,
        list=one.code,
        stage=one.stage,
        after=one.after,
        facts=round_.policy.uses_facts(one),
    )
    return [
        VacancyState(
            row["vacancy_id"],
            row["number"],
            row["seats"],
            row["closed"],
            row["closed"]
            and row["stated_digest"] is not None
            and row["stated_digest"] != row["closed_digest"],
            [
                *missing(
                    Arrived(
                        announced=row["announced"],
                        submitted=row["submitted"],
                        undecided=row["undecided"],
                        active=row["active"],
                        waiting=row["waiting"],
                        without_facts=row["without_facts"],
                        sittings=row["sittings"],
                        open_sittings=row["open_sittings"],
                        counted=row["counted"],
                        arrived=row["arrived"],
                        need_known=row["need"] in round_.policy.needs,
                        opened=row["opened"],
                    )
                )
            ],
        )
        async for row in rows
    ]


def in_words(lacks: Sequence[Missing]) -> str:
    """What is missing, in both languages: an officer reads one of them."""
    return f"{'; '.join(one.en for one in lacks)} · {'; '.join(one.id for one in lacks)}"


def _readiness(one: List, states: list[VacancyState]) -> ListReadiness:
    return ListReadiness(
        list=one.code,
        stage=one.stage,
        vacancies=len(states),
        ready=sum(not state.closed and not state.missing for state in states),
        closed=sum(state.closed for state in states),
        changed_since=tuple(state.vacancy_id for state in states if state.changed)[:SHOWN],
        lacking=tuple(
            VacancyLacks(
                vacancy_id=state.vacancy_id,
                number=state.number,
                missing=[f"{lack.en} · {lack.id}" for lack in state.missing],
            )
            for state in states
            if state.missing and not state.closed
        )[:SHOWN],
    )
