"""One list of some vacancies of a round, read whole."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from services.ranking.merit.domain.list_cut import UNDECIDED, ListCut, ListSummary
from services.ranking.merit.domain.list_lines import ListLine
from services.ranking.rounds.domain import Round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import KnownVacancy, Pair, vacancies_known
from services.ranking.standings.storage.list_reader import whole_lists
from shared.policies import List
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class ListSnapshot:
    """One list of some vacancies of a round, as it is now.

    `vacancies`, `lines` and `summaries` by vacancy id.
    """

    round_: Round
    policy_list: List
    vacancies: dict[str, KnownVacancy]
    lines: dict[str, list[ListLine]]
    summaries: dict[str, ListSummary]

    def undecided(self) -> dict[str, list[str]]:
        """Who is equal in everything at the last seat, where an officer has to choose."""
        return {
            vacancy_id: [
                line.participant_no
                for line in self.lines[vacancy_id]
                if summary.cut.code(line.gate, line.rank, line.equals) == UNDECIDED
            ]
            for vacancy_id, summary in self.summaries.items()
            if summary.codes[UNDECIDED]
        }


async def take_snapshot(
    connection: Connection, round_: Round, policy_list: List, vacancy_ids: Collection[str]
) -> ListSnapshot:
    """The list of these vacancies, which this transaction has locked."""
    vacancies = await vacancies_known(connection, vacancy_ids)
    lines: dict[str, list[ListLine]] = {vacancy_id: [] for vacancy_id in vacancies}
    async for chunk in whole_lists(connection, policy_list.code, list(vacancies)):
        for vacancy_id, group in groupby(chunk, itemgetter(0)):
            lines[vacancy_id] += [line for _, line in group]
    summaries: dict[str, ListSummary] = {}
    for vacancy_id, vacancy in vacancies.items():
        cut = ListCut.of(vacancy.lists[policy_list.code], vacancy.seats)
        summaries[vacancy_id] = ListSummary(cut)
        summaries[vacancy_id].add(lines[vacancy_id])
    return ListSnapshot(round_, policy_list, vacancies, lines, summaries)


async def points_of(connection: Connection, snapshot: ListSnapshot) -> dict[Pair, dict[str, str]]:
    """Points by component, of everyone on the list who has some."""
    pairs = [
        (vacancy_id, line.participant_no)
        for vacancy_id, lines in snapshot.lines.items()
        for line in lines
    ]
    points: dict[Pair, dict[str, str]] = defaultdict(dict)
    rows = STANDINGS.results_of(
        connection, vacancies=[pair[0] for pair in pairs], participants=[pair[1] for pair in pairs]
    )
    async for row in rows:
        points[row["vacancy_id"], row["participant_no"]] |= row["points"] or {}
    return points
