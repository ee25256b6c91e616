"""Shows everyone a vacancy's list: live until an officer fixed it, then as it was fixed."""

from dataclasses import dataclass

from services.ranking.lists.views.show_revisions import ListHistory, show_fixed, show_history
from services.ranking.publication.views.show_versions import newest_published
from services.ranking.rounds.domain import Round
from services.ranking.rounds.storage import load_round
from services.ranking.seats.views.show_seats import seats_changed
from services.ranking.standings.storage.requested_list import State
from services.ranking.standings.views.show_standings import Standings, show_standings
from shared.policies import List
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class VacancyPage:
    """A page of a vacancy's list. `history` and `published`: only of a fixed list.

    `published`: the newest published version of the round. `seats_moved`: seats changed since the
    policy's last list was fixed.
    """

    standings: Standings
    round: Round
    policy_list: List
    history: ListHistory | None
    published: int | None
    seats_moved: bool

    @property
    def is_last(self) -> bool:
        """Whether the list is the policy's last, which gives the seats."""
        return self.policy_list is self.round.policy.lists[-1]


async def show_vacancy_page(
    connection: Connection,
    vacancy_id: str,
    list_code: str | None,
    version: int | None,
    state: State | None,
    cursor: str | None,
    limit: int,
) -> VacancyPage:
    """The page: of a version that an officer fixed, or else of the list that counts.

    Raises Refusal as show_fixed and show_standings do.
    """
    if version is not None:
        shown = await show_fixed(connection, vacancy_id, list_code, version, cursor, limit)
    else:
        shown = await show_standings(connection, vacancy_id, list_code, state, cursor, limit)
    round_ = await load_round(connection, shown.round_id)
    policy_list = round_.policy.list_called(shown.list)
    assert policy_list is not None
    if shown.state == "live":
        return VacancyPage(shown, round_, policy_list, None, None, seats_moved=False)
    is_last = policy_list is round_.policy.lists[-1]
    return VacancyPage(
        shown,
        round_,
        policy_list,
        await show_history(connection, shown.round_id, vacancy_id, shown.list),
        await newest_published(connection, shown.round_id),
        seats_moved=is_last and await seats_changed(connection, vacancy_id),
    )
