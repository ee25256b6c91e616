"""An officer sends a file of a round's vacancies."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO

from pydantic import BaseModel, Field

from services.applications.rounds.storage import ROUNDS
from services.applications.vacancies.domain.listing import COLUMNS, ListingRow, own_id
from services.applications.vacancies.domain.units import path_key
from services.applications.vacancies.storage import COPY_S, VACANCIES, add_faults
from shared.candidacy import refuse_candidate
from shared.csv_files import Faults, checked_rows
from shared.identity import Person
from shared.phrases import Phrase
from shared.policies import Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class VacanciesImported(BaseModel):
    """What the file brought, and the draft as it stands now."""

    rows: int = Field(description="Rows in the file")
    vacancies: int = Field(description="Vacancies in the file")
    added: int = Field(description="Those of them that the draft did not have")
    changed: int = Field(description="Those that the draft had otherwise: the file's count now")
    removed: int = Field(
        description="Vacancies of the draft that the file did not name and took away; "
        "none unless it was to replace the draft"
    )
    draft_vacancies: int = Field(description="Vacancies of the draft")
    seats: int = Field(description="Seats of the draft together")
    decreed_seats: int = Field(description="Seats that the decree grants; publishing needs as many")


async def import_vacancies(
    connection: Connection,
    officer: Person,
    round_id: str,
    file: BinaryIO,
    now: datetime,
    *,
    replace: bool,
) -> VacanciesImported:
    """Adds the file's vacancies to the round's draft, or keeps nothing of it; states nothing yet.

    A vacancy that the draft has already becomes what the file says of it. With `replace`, those
    that the file does not name are taken away.
    Raises Refusal `not-found`, `own-round`, `round-published`, `file-unreadable`, or
    `rows-refused` with the first faults.
    """
    round_ = await ROUNDS.lock_round(connection, round_id=round_id)
    if round_ is None:
        raise Refusal("not-found", what=Phrase("round", round_id=round_id))
    await refuse_candidate(connection, officer, round_id)
    if round_["published_at"] is not None:
        raise Refusal("round-published", round=round_id)
    await _read(connection, round_id, Policy.model_validate(round_["policy"]), file)
    await VACANCIES.lock_listing_ids(connection)
    brought = await _keep(connection, round_id, replace=replace)
    draft = await VACANCIES.draft_total(connection, round_id=round_id)
    await audit.record(
        connection, officer, "vacancies.imported", round_id, at=now, reason=_in_words(brought)
    )
    return VacanciesImported(**brought, **draft, decreed_seats=round_["decreed_seats"])


async def _read(connection: Connection, round_id: str, policy: Policy, file: BinaryIO) -> None:
    """Reads the file into tables that last as long as the transaction: its rows, its vacancies."""
    faults = Faults()
    await VACANCIES.make_listing_rows(connection)
    await connection.copy_records_to_table(
        "listing_row", records=_listing_rows(round_id, policy, file, faults), timeout=COPY_S
    )
    await VACANCIES.index_listing_rows(connection)
    await VACANCIES.keep_units_still(connection)
    add_faults(faults, [row async for row in VACANCIES.listing_faults(connection)])
    faults.refuse_if_any()
    await VACANCIES.gather_listing(connection)


async def _listing_rows(
    round_id: str, policy: Policy, file: BinaryIO, faults: Faults
) -> AsyncIterator[tuple[object, ...]]:
    """A row of `listing_row` for each good row of the file."""
    need_of = lru_cache(maxsize=1_000)(policy.need_code)
    async for line, row in checked_rows(file, COLUMNS, ListingRow, faults):
        values = [getattr(row, column) for column in COLUMNS]
        need, key = need_of(row.formasi_nm), path_key(row.lokasi_nm)
        yield line, *values, need, key, own_id(round_id, row.formasi_id)


async def _keep(connection: Connection, round_id: str, *, replace: bool) -> dict[str, int]:
    """Makes the draft what the file says; an equal file changes nothing."""
    brought = dict(
        await VACANCIES.compare_with_draft(connection, round_id=round_id, replace=replace)
    )
    if brought["added"] or brought["changed"] or brought["removed"]:
        await VACANCIES.name_listing(connection, round_id=round_id)
        if not replace:
            await VACANCIES.add_draft_to_listing(connection, round_id=round_id)
        await VACANCIES.drop_draft(connection, round_id=round_id)
        await VACANCIES.keep_listing(connection, round_id=round_id)
    return brought


def _in_words(brought: Mapping[str, Any]) -> str:
    return ", ".join(f"{brought[what]} {what}" for what in ("added", "changed", "removed"))
