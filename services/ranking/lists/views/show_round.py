"""Shows an officer how far a round is: what has arrived, what is missing, what is closed."""

from pydantic import BaseModel, Field

from services.ranking.answer_fields import VacancyNumber
from services.ranking.lists.storage.readiness import VacancyReadiness, load_readiness
from services.ranking.rounds.domain import VACANCIES_NAMED
from services.ranking.rounds.storage import load_round
from shared.contracts.fields import RoundId, StageCode, VacancyId
from shared.languages import Language
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
        description="Vacancies whose live standings differ from the list as it was fixed (a"
        " correction came later); the first 100"
    )
    lacking: tuple[VacancyLacks, ...] = Field(
        description="Vacancies that lack something; the first 100"
    )


class ListOfRound(BaseModel):
    """One list of the round's policy."""

    list: StageCode
    stage: str = Field(description="The stage whose sittings complete it")
    name: dict[Language, str] = Field(description="What people call it, by language")


class RoundAsOpened(BaseModel):
    """What the opening of a round said."""

    round_id: RoundId
    name: str = Field(description="The round's name for people")
    policy_id: str = Field(description="Name of the policy")
    policy_version: str = Field(description="Its version")
    policy_hash: str = Field(
        description="SHA-256 of the policy's canonical JSON, as RoundOpened states it"
    )
    decreed_seats: int = Field(description="Seats that the Minister's decree grants")


class RoundInRanking(RoundAsOpened):
    """A round with its lists, for everyone."""

    lists: tuple[ListOfRound, ...] = Field(description="In the order in which they are closed")


class RoundReadiness(RoundAsOpened):
    """A round as ranking knows it."""

    seats: int = Field(
        description="Seats of the vacancies that have arrived; a list closes only when they equal"
        " the decreed ones"
    )
    lists: list[ListReadiness] = Field(description="In the order in which they are closed")


async def show_lists(connection: Connection, round_id: str) -> RoundInRanking:
    """The round and its lists. Raises Refusal `unknown-round`."""
    round_ = await load_round(connection, round_id)
    return RoundInRanking(
        round_id=round_id,
        name=round_.name,
        policy_id=round_.policy.id,
        policy_version=round_.policy.version,
        policy_hash=round_.policy_hash,
        decreed_seats=round_.decreed_seats,
        lists=tuple(
            ListOfRound(
                list=each.code, stage=each.stage, name={"id": each.name.id, "en": each.name.en}
            )
            for each in round_.policy.lists
        ),
    )


async def show_round(connection: Connection, round_id: str) -> RoundReadiness:
    """The round. Raises Refusal `unknown-round`."""
    round_ = await load_round(connection, round_id)
    lists = []
    seats = 0
    for policy_list in round_.policy.lists:
        vacancies = await load_readiness(connection, round_, policy_list)
        seats = sum(vacancy.seats for vacancy in vacancies)
        lists.append(_readiness(policy_list, vacancies))
    return RoundReadiness(
        round_id=round_id,
        name=round_.name,
        policy_id=round_.policy.id,
        policy_version=round_.policy.version,
        policy_hash=round_.policy_hash,
        decreed_seats=round_.decreed_seats,
        seats=seats,
        lists=lists,
    )


def _readiness(policy_list: List, vacancies: list[VacancyReadiness]) -> ListReadiness:
    open_vacancies = [vacancy for vacancy in vacancies if not vacancy.closed]
    lacking = [_lacks(vacancy) for vacancy in open_vacancies if vacancy.missing]
    changed = tuple(vacancy.vacancy_id for vacancy in vacancies if vacancy.changed)
    return ListReadiness(
        list=policy_list.code,
        stage=policy_list.stage,
        vacancies=len(vacancies),
        ready=len(open_vacancies) - len(lacking),
        closed=len(vacancies) - len(open_vacancies),
        changed_since=changed[:VACANCIES_NAMED],
        lacking=tuple(lacking[:VACANCIES_NAMED]),
    )


def _lacks(vacancy: VacancyReadiness) -> VacancyLacks:
    return VacancyLacks(
        vacancy_id=vacancy.vacancy_id,
        number=vacancy.number,
        missing=[f"{item.en} · {item.id}" for item in vacancy.missing],
    )
