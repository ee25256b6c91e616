"""An officer adopts a corrected version of a fixed list, after an objection (sanggah) say: it
counts from now on. What it follows stays as it was fixed.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import CandidatesByCode, ListDigest
from services.ranking.lists.domain.revision import Corrected
from services.ranking.lists.storage import SQL
from services.ranking.lists.storage.readiness import in_words, states_of
from services.ranking.lists.storage.revisions import REVISIONS
from services.ranking.lists.usecases.fix_list import Adopted, as_it_stands, fix
from services.ranking.merit.domain.placement import Placement
from services.ranking.rounds.domain import Round
from services.ranking.rounds.storage import load_round
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import KnownVacancy, vacancies_known
from services.ranking.standings.storage.requested_list import load_list
from services.ranking.standings.usecases.recompute import (
    lock_vacancies_to_decide,
    notify,
    recompute,
    take_off,
)
from shared.contracts.fields import RoundId, Sha256, StageCode, VacancyId
from shared.contracts.ranking import AdmissionRevoked, ClosedListCorrected
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.policies import List
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal


class AdoptVersion(BaseModel):
    """An officer's word that this version, and no other, takes the fixed list's place."""

    digest: Annotated[
        Sha256, Field(description="Of the version that was seen, as `…/versions` shows it")
    ]
    reason: Annotated[
        str,
        Field(
            min_length=10,
            max_length=2000,
            description="On what it rests. Everyone will read it: name no person",
        ),
    ]


class VersionAdopted(BaseModel):
    """A version that counts from now on."""

    vacancy_id: VacancyId
    round_id: RoundId
    list: StageCode
    version: int = Field(description="The version that counts from now on")
    follows: int = Field(description="The version that counted until now; it stays readable")
    digest: ListDigest
    codes: CandidatesByCode
    admitted: int = Field(description="Who goes on to the next stage, or has a seat, in all")
    newly_admitted: int = Field(description="Who is admitted and was not before")
    no_longer_admitted: int = Field(description="Who was admitted before and is not now")
    adopted_at: AwareDatetime = Field(description="UTC")


async def adopt_version(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    vacancy_id: str,
    list_code: str,
    version: int,
    command: AdoptVersion,
    now: datetime,
) -> VersionAdopted:
    """Fix the list anew, as this version says it is; what comes after the list, seats and
    publication, goes by it from now on.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `unknown-version`, `rebuilding`;
    `another-version` where the digest is not its; `adopted-already`; `nothing-to-adopt` where it
    says what counts anyway; `later-list-closed`; `seats-given` once empty seats are offered;
    `version-incomplete` while results are missing; `version-overtaken` where more is known by now;
    `version-undecided` where people are equal at the last seat.
    """
    asked = await load_list(connection, vacancy_id, list_code, "closed")
    round_ = await load_round(connection, asked.vacancy.round_id)
    one = round_.policy.list_called(list_code)
    assert one is not None
    await STANDINGS.lock_stating(
        connection
    )  # meanwhile no version is stated, no list closed, no filling begun
    await lock_vacancies_to_decide(connection, [vacancy_id])
    await SQL.hold_publication(connection, round_id=round_.round_id)
    vacancy = (await vacancies_known(connection, [vacancy_id]))[vacancy_id]
    follows = await _follows(connection, vacancy, list_code, version, command.digest)
    await _refuse_if_built_upon(connection, round_, one, vacancy)
    await _refuse_unless_complete(connection, round_, one, vacancy_id, version)
    whole = await as_it_stands(connection, round_, one, [vacancy_id])
    summary = whole.summaries[vacancy_id]
    if summary.digest != command.digest:
        raise Refusal("version-overtaken", list=list_code, version=version)
    if tied := whole.undecided().get(vacancy_id):
        raise Refusal("version-undecided", list=list_code, version=version, tied=", ".join(tied))
    rows = REVISIONS.fixed_lines(connection, vacancy_id=vacancy_id, list=list_code)
    before = {
        row["participant_no"]: Placement(row["rank"], row["score"], row["code"], row["admitted"])
        async for row in rows
    }
    adopted = Adopted(follows, command.reason, officer.subject)
    lines = (await fix(connection, whole, {vacancy_id: version}, now, adopted))[vacancy_id]
    corrected = Corrected(before, lines)
    await _move_on(connection, vacancy, list_code, corrected)
    await SQL.forget_proposal(connection, round_id=round_.round_id)  # it shows what counts no more
    await audit.record(
        connection,
        officer,
        "version.adopted",
        f"{vacancy_id}/{list_code}/{version}",
        reason=command.reason,
        at=now,
    )
    counts = ClosedListCorrected(
        vacancy_id=vacancy_id,
        round_id=round_.round_id,
        list=list_code,
        version=version,
        follows=follows,
        codes=dict(sorted(summary.codes.items())),
        shortlisted=sum(place.within for place in lines.values()),
        digest=summary.digest,
    )
    statements: list[BaseModel] = [
        AdmissionRevoked(
            **_which(counts),
            participant_no=number,
            # whoever is on the list no longer doesn't meet the requirements
            code=lines[number].code if number in lines else one.codes.rejected,
        )
        for number in corrected.gone
    ]
    statements += [
        whole.goes_on(vacancy_id, number, lines[number]) for number in corrected.restated
    ]
    await outbox.append(
        connection, [Statement(statement, now) for statement in [*statements, counts]]
    )
    return VersionAdopted(
        **_which(counts),
        version=version,
        follows=follows,
        digest=counts.digest,
        codes=counts.codes,
        admitted=counts.shortlisted,
        newly_admitted=len(corrected.new),
        no_longer_admitted=len(corrected.gone),
        adopted_at=now,
    )


def _which(counts: ClosedListCorrected) -> dict[str, str]:
    return {"vacancy_id": counts.vacancy_id, "round_id": counts.round_id, "list": counts.list}


async def _follows(
    connection: Connection, vacancy: KnownVacancy, list_code: str, version: int, digest: str
) -> int:
    """The version that counts now, if this one may take its place."""
    which = {"vacancy_id": vacancy.vacancy_id, "list": list_code}
    found = await REVISIONS.version(connection, **which, version=version)
    if found is None:
        raise Refusal("unknown-version", list=list_code, version=version)
    if found["digest"] != digest:
        raise Refusal("another-version", list=list_code, version=version, digest=found["digest"])
    fixed = [row async for row in REVISIONS.fixed_versions(connection, **which)]
    if version in {row["version"] for row in fixed}:
        raise Refusal(
            "adopted-already", list=list_code, version=version, counts=fixed[-1]["version"]
        )
    if found["digest"] == fixed[-1]["digest"]:
        raise Refusal(
            "nothing-to-adopt", list=list_code, version=version, counts=fixed[-1]["version"]
        )
    if await STANDINGS.version(connection, **which) != version:
        raise Refusal("version-overtaken", list=list_code, version=version)
    return int(fixed[-1]["version"])


async def _refuse_if_built_upon(
    connection: Connection, round_: Round, one: List, vacancy: KnownVacancy
) -> None:
    later = [
        each.code
        for each in round_.policy.lists
        if each.after == one.code and each.code in vacancy.closed
    ]
    if later:
        raise Refusal("later-list-closed", list=one.code, later=later[0])
    if await REVISIONS.seats_given(connection, round_id=round_.round_id):
        raise Refusal("seats-given", round_id=round_.round_id)


async def _refuse_unless_complete(
    connection: Connection, round_: Round, one: List, vacancy_id: str, version: int
) -> None:
    states = await states_of(connection, round_, one)
    lacks = next(state.missing for state in states if state.vacancy_id == vacancy_id)
    if lacks:
        raise Refusal("version-incomplete", list=one.code, version=version, missing=in_words(lacks))


async def _move_on(
    connection: Connection, vacancy: KnownVacancy, list_code: str, corrected: Corrected
) -> None:
    """Who is newly admitted stands on the list that follows from now on, who is no longer admitted
    doesn't.
    """
    following = [rules.code for rules in vacancy.lists.values() if rules.after == list_code]
    await take_off(
        connection,
        [(vacancy.vacancy_id, code, number) for code in following for number in corrected.gone],
    )
    if following and corrected.new:
        await recompute(connection, [(vacancy.vacancy_id, number) for number in corrected.new])
    await notify(connection, [vacancy.vacancy_id])
