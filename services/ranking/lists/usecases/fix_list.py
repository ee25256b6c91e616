"""Fixes a list as it stands: lines, points, personal facts and officers' places among equals are
kept as they are now, and never changed again.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from services.ranking.lists.storage import SQL
from services.ranking.merit.domain.list_cut import UNDECIDED, ListCut, ListSummary
from services.ranking.merit.domain.list_lines import ListLine
from services.ranking.merit.domain.placement import Placement, placement_of
from services.ranking.merit.domain.score import decimal_text
from services.ranking.merit.domain.standing import Gate
from services.ranking.rounds.domain import Round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import KnownVacancy, Pair, vacancies_known
from services.ranking.standings.storage.list_reader import whole_lists
from shared.contracts.ranking import CandidateSelected, CandidateShortlisted
from shared.policies import List
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Adopted:
    """Why and by whom a version takes the place of the one that it follows."""

    follows: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One list of some vacancies of a round, as it stands: each by vacancy id."""

    round_: Round
    one: List
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

    def goes_on(
        self, vacancy_id: str, number: str, place: Placement
    ) -> CandidateSelected | CandidateShortlisted:
        """What is stated of somebody within the cut."""
        model = (
            CandidateSelected if self.one is self.round_.policy.lists[-1] else CandidateShortlisted
        )
        return model.model_validate(
            {
                "vacancy_id": vacancy_id,
                "round_id": self.round_.round_id,
                "list": self.one.code,
                "participant_no": number,
                "rank": place.rank,
                "score": place.score,
                "code": place.code,
            }
        )


async def as_it_stands(
    connection: Connection, round_: Round, one: List, vacancy_ids: Collection[str]
) -> Whole:
    """The list of these vacancies, which have been touched in this transaction."""
    vacancies = await vacancies_known(connection, vacancy_ids)
    lines: dict[str, list[ListLine]] = {vacancy_id: [] for vacancy_id in vacancies}
    async for chunk in whole_lists(connection, one.code, list(vacancies)):
        for vacancy_id, group in groupby(chunk, itemgetter(0)):
            lines[vacancy_id] += [line for _, line in group]
    summaries: dict[str, ListSummary] = {}
    for vacancy_id, vacancy in vacancies.items():
        summaries[vacancy_id] = ListSummary(ListCut.of(vacancy.lists[one.code], vacancy.seats))
        summaries[vacancy_id].add(lines[vacancy_id])
    return Whole(round_, one, vacancies, lines, summaries)


async def fix(
    connection: Connection,
    whole: Whole,
    versions: Mapping[str, int],
    now: datetime,
    adopted: Adopted | None = None,
) -> dict[str, dict[str, Placement]]:
    """Keep it under these versions; gives, by vacancy id, the places by participant number, in
    merit order. Nobody is UNDECIDED on it.
    """
    points = await _points(connection, whole.lines)
    fixed: dict[str, dict[str, Placement]] = {}
    rows: list[tuple[object, ...]] = []
    closings: list[tuple[object, ...]] = []
    for vacancy_id, summary in whole.summaries.items():
        cut, version = summary.cut, versions[vacancy_id]
        fixed[vacancy_id] = {}
        for line in sorted(whole.lines[vacancy_id], key=lambda line: line.place):
            number, place = line.participant_no, placement_of(cut, line)
            shown = (
                points.get((vacancy_id, number), {})
                if line.gate in {Gate.RANKED, Gate.BELOW}
                else {}
            )
            rows.append(
                (
                    vacancy_id,
                    version,
                    line.place,
                    number,
                    place.rank,
                    line.equals,
                    place.score,
                    place.code,
                    json.dumps(shown),
                    place.within,
                )
            )
            fixed[vacancy_id][number] = place
        cut_score = (
            None
            if summary.cut_score is None
            else decimal_text(summary.cut_score, cut.rules.decimals)
        )
        follows = None if adopted is None else adopted.follows
        codes = json.dumps(dict(sorted(summary.codes.items())))
        closings.append((vacancy_id, version, follows, summary.digest, codes, cut.limit, cut_score))
    await _store(connection, whole, closings, rows, now, adopted)
    return fixed


async def _store(
    connection: Connection,
    whole: Whole,
    closings: list[tuple[object, ...]],
    rows: list[tuple[object, ...]],
    now: datetime,
    adopted: Adopted | None,
) -> None:
    vacancies, versions, follows, digests, codes, limits, scores = zip(*closings, strict=True)
    await SQL.keep_closings(
        connection,
        vacancies=vacancies,
        versions=versions,
        follows=follows,
        digests=digests,
        codes=codes,
        limits=limits,
        scores=scores,
        list=whole.one.code,
        round_id=whole.round_.round_id,
        at=now,
        reason=None if adopted is None else adopted.reason,
        by=None if adopted is None else adopted.by,
    )
    if rows:
        of, versions, places, participants, ranks, equals, scores, codes, points, admitted = zip(
            *rows, strict=True
        )
        await SQL.keep_closed_lines(
            connection,
            vacancies=of,
            versions=versions,
            places=places,
            participants=participants,
            ranks=ranks,
            equals=equals,
            scores=scores,
            codes=codes,
            points=points,
            admitted=admitted,
            list=whole.one.code,
        )
    if whole.round_.policy.uses_facts(whole.one):
        await SQL.keep_closed_facts(connection, list=whole.one.code, vacancies=list(vacancies))


async def _points(
    connection: Connection, lines: Mapping[str, list[ListLine]]
) -> dict[Pair, dict[str, str]]:
    """Points by component, of everyone who has some."""
    pairs = [
        (vacancy_id, line.participant_no) for vacancy_id, group in lines.items() for line in group
    ]
    found: dict[Pair, dict[str, str]] = defaultdict(dict)
    rows = STANDINGS.results_of(
        connection, vacancies=[pair[0] for pair in pairs], participants=[pair[1] for pair in pairs]
    )
    async for row in rows:
        found[row["vacancy_id"], row["participant_no"]] |= row["points"] or {}
    return found
