"""Shows anyone the page of why a candidate has their place, and what became of seats since."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.ranking.explanation.views.explain_place import PlaceExplained, explain_place
from services.ranking.rounds.storage import NamedVacancy, load_vacancy
from services.ranking.seats.views.show_seats import SeatOutcome, show_seat_outcomes
from services.ranking.standings.storage.requested_list import State
from shared.contracts.fields import ParticipantNo, VacancyId
from shared.languages import Language
from shared.policies import List
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class ExplanationPage:
    """The account, the vacancy and the list that it is about.

    `seats`: what became of the candidate's seats since, on the policy's last list.
    """

    explained: PlaceExplained
    vacancy: NamedVacancy
    policy_list: List
    seats: Sequence[SeatOutcome]


async def show_explanation_page(
    connection: Connection,
    vacancy_id: VacancyId,
    participant_no: ParticipantNo,
    list_code: str | None,
    state: State | None,
    language: Language,
) -> ExplanationPage:
    """The page. Raises Refusal as explain_place does."""
    explained = await explain_place(
        connection, vacancy_id, participant_no, list_code, state, language
    )
    vacancy = await load_vacancy(connection, vacancy_id)
    policy = vacancy.round.policy
    policy_list = policy.list_called(explained.list)
    assert policy_list is not None
    seats: Sequence[SeatOutcome] = []
    if policy_list is policy.lists[-1]:
        seats = await show_seat_outcomes(connection, vacancy_id, participant_no)
    return ExplanationPage(explained, vacancy, policy_list, seats)
