"""The list of a vacancy that somebody asks for: the one named, or the newest that has begun."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.ranking.merit.domain.list_cut import ListCut
from services.ranking.merit.domain.list_lines import ListLine
from services.ranking.merit.domain.list_rules import ListRules
from services.ranking.rounds.storage import SQL as ROUNDS
from services.ranking.standings.storage import SQL
from services.ranking.standings.storage.facts import KnownVacancy, vacancies_known
from services.ranking.standings.storage.list_reader import ListReader
from shared.postgres.pool import Connection, Pool
from shared.refusals import Refusal

State = Literal["live", "closed"]


@dataclass(frozen=True, slots=True)
class RequestedList:
    """A vacancy, one of its lists, and the list as it was fixed, if that is what is shown."""

    row: Mapping[str, Any]
    vacancy: KnownVacancy
    rules: ListRules
    closing: Mapping[str, Any] | None

    @property
    def cut(self) -> ListCut:
        return ListCut.of(self.rules, self.vacancy.seats)

    def shown(self, line: ListLine) -> str:
        """The line's code as it is published."""
        return self.rules.published_code(
            self.cut.code(line.gate, line.rank, line.equals), line.priority
        )

    @property
    def key(self) -> dict[str, str]:
        return {"vacancy_id": self.vacancy.vacancy_id, "list": self.rules.code}


async def load_list(
    connection: Connection, vacancy_id: str, list_code: str | None, state: State | None
) -> RequestedList:
    """What is asked for. Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`."""
    row = await ROUNDS.vacancy(connection, vacancy_id=vacancy_id)
    vacancy = (await vacancies_known(connection, [vacancy_id])).get(vacancy_id)
    if row is None or vacancy is None:
        raise Refusal("unknown-vacancy", vacancy_id=vacancy_id)
    if list_code is None and vacancy.lists:
        list_code = vacancy.open_lists[-1].code
    if list_code not in vacancy.lists:
        raise Refusal("unknown-list", list=list_code, known=", ".join(vacancy.lists))
    closing = None
    if state != "live":
        closing = await SQL.closing(connection, vacancy_id=vacancy_id, list=list_code)
        if state == "closed" and closing is None:
            raise Refusal("not-closed", list=list_code)
    return RequestedList(row, vacancy, vacancy.lists[list_code], closing)


async def lists_version(pool: Pool, vacancy_id: str) -> str:
    """What a vacancy's lists go by; empty where there is no vacancy."""
    version: str | None = await SQL.lists_version(pool, vacancy_id=vacancy_id)
    return version or ""


async def load_list_of(
    connection: Connection,
    vacancy_id: str,
    participant_no: str,
    list_code: str | None,
    state: State | None,
) -> RequestedList:
    """The list asked for; where none is named, the newest that the candidate stands on.

    Raises Refusal as `load_list`.
    """
    asked = await load_list(connection, vacancy_id, list_code, state)
    if list_code is None:
        for rules in reversed(asked.vacancy.open_lists):
            if await ListReader(connection, vacancy_id, rules).find(participant_no):
                return await load_list(connection, vacancy_id, rules.code, state)
    return asked
