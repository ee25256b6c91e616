"""Shows an officer how far a round is: what has arrived, what is missing, what is closed."""

from pydantic import BaseModel, Field

from services.ranking.answer_fields import VacancyNumber
from services.ranking.lists.storage.readiness import VacancyState, states_of
from services.ranking.rounds.domain import VACANCIES_NAMED
from services.ranking.rounds.storage import load_round
from shared.contracts.fields import RoundId, StageCode, VacancyId
from shared.policies import List
from shared.postgres.pool import Connection


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


async def show_round(connection: Connection, round_id: str) -> RoundView:
    """The round. Raises Refusal `unknown-round`."""
    round_ = await load_round(connection, round_id)
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


def _readiness(one: List, states: list[VacancyState]) -> ListReadiness:
    return ListReadiness(
        list=one.code,
        stage=one.stage,
        vacancies=len(states),
        ready=sum(not state.closed and not state.missing for state in states),
        closed=sum(state.closed for state in states),
        changed_since=tuple(state.vacancy_id for state in states if state.changed)[
            :VACANCIES_NAMED
        ],
        lacking=tuple(
            VacancyLacks(
                vacancy_id=state.vacancy_id,
                number=state.number,
                missing=[f"{lack.en} · {lack.id}" for lack in state.missing],
            )
            for state in states
            if state.missing and not state.closed
        )[:VACANCIES_NAMED],
    )
