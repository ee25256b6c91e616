"""An officer adopts a revision of a fixed list, after an objection (sanggah) say: it counts then.

The version that it follows stays as it was fixed.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.answer_fields import CandidatesByCode, ListDigest
from services.ranking.lists.domain.revision import ListDifference
from services.ranking.lists.storage import SQL
from services.ranking.lists.storage.list_snapshot import ListSnapshot, take_snapshot
from services.ranking.lists.storage.readiness import load_readiness
from services.ranking.lists.storage.revision_changes import fixed_placement
from services.ranking.lists.usecases.fix_list import Adoption, admissions, fix_list
from services.ranking.rounds.domain import Round
from services.ranking.rounds.storage import load_round, round_of_vacancy
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import KnownVacancy, vacancies_known
from services.ranking.standings.storage.requested_list import load_list
from services.ranking.standings.usecases.recompute import (
    lock_vacancies_to_decide,
    notify,
    recompute,
    take_off,
)
from shared.candidacy import refuse_candidate
from shared.contracts.fields import RoundId, Sha256, StageCode, VacancyId
from shared.contracts.ranking import AdmissionRevoked, ClosedListCorrected
from shared.contracts.strict import Command, lines_of_text
from shared.identity import Person
from shared.messaging.outbox import Outbox, Statement
from shared.policies import List
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.proposals.procedure import Procedure
from shared.refusals import Refusal


class AdoptVersion(Command):
    """An officer's word that this version, and no other, takes the fixed list's place."""

    digest: Annotated[
        Sha256, Field(description="Of the version that was seen, as `…/versions` shows it")
    ]
    reason: Annotated[
        str,
        *lines_of_text(2000, least=10),
        Field(description="On what it rests. Everyone will read it: name no person"),
    ]


class VersionToAdopt(AdoptVersion):
    """The version, as its adoption waits for a second officer."""

    vacancy_id: VacancyId
    list: StageCode
    version: int


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
    """Fix the list anew, as this version says it is.

    The next list, seats and publication go by it from now on.

    Raises Refusal `unknown-vacancy`, `unknown-list`, `not-closed`, `own-round`, `unknown-version`,
    `rebuilding`; `another-version` where the digest is not its; `adopted-already`;
    `nothing-to-adopt` where it says what counts anyway; `later-list-closed`; `seats-given` once
    empty seats are offered; `version-incomplete` while results are missing; `version-overtaken`
    where more is known by now; `version-undecided` where people are equal at the last seat.
    """
    requested = await load_list(connection, vacancy_id, list_code, "closed")
    await refuse_candidate(connection, officer, requested.vacancy.round_id)
    round_ = await load_round(connection, requested.vacancy.round_id)
    policy_list = round_.policy.list_called(list_code)
    assert policy_list is not None
    # meanwhile no version is stated, no list closed, no filling begun
    await STANDINGS.lock_stating(connection)
    await lock_vacancies_to_decide(connection, [vacancy_id])
    await SQL.lock_publication(connection, round_id=round_.round_id)
    vacancy = (await vacancies_known(connection, [vacancy_id]))[vacancy_id]
    follows = await _followed_version(connection, vacancy, list_code, version, command.digest)
    await _refuse_if_built_upon(connection, round_, policy_list, vacancy)
    await _refuse_unless_complete(connection, round_, policy_list, vacancy_id, version)
    snapshot = await take_snapshot(connection, round_, policy_list, [vacancy_id])
    _refuse_unless_current(snapshot, vacancy_id, version, command.digest)
    rows = SQL.fixed_lines(connection, vacancy_id=vacancy_id, list=list_code)
    before = {row["participant_no"]: fixed_placement(row) async for row in rows}
    adoption = Adoption(follows, command.reason, officer.subject)
    fixed = await fix_list(connection, snapshot, {vacancy_id: version}, now, adoption)
    difference = ListDifference(before, fixed[vacancy_id])
    await _move_on(connection, vacancy, list_code, difference)
    await SQL.forget_proposal(connection, round_id=round_.round_id)  # it shows what counts no more
    await audit.record(
        connection,
        officer,
        "version.adopted",
        f"{vacancy_id}/{list_code}/{version}",
        reason=command.reason,
        at=now,
    )
    summary = snapshot.summaries[vacancy_id]
    corrected = ClosedListCorrected(
        vacancy_id=vacancy_id,
        round_id=round_.round_id,
        list=list_code,
        version=version,
        follows=follows,
        codes=dict(sorted(summary.codes.items())),
        shortlisted=sum(placement.within for placement in difference.now.values()),
        digest=summary.digest,
    )
    statements = _statements(snapshot, difference, corrected)
    await outbox.append(connection, [Statement(statement, now) for statement in statements])
    return VersionAdopted(
        **_which(corrected),
        version=version,
        follows=follows,
        digest=corrected.digest,
        codes=corrected.codes,
        admitted=corrected.shortlisted,
        newly_admitted=len(difference.newly_within),
        no_longer_admitted=len(difference.no_longer_within),
        adopted_at=now,
    )


async def _run(
    connection: Connection, outbox: Outbox, officer: Person, command: VersionToAdopt, now: datetime
) -> VersionAdopted:
    return await adopt_version(
        connection,
        outbox,
        officer,
        command.vacancy_id,
        command.list,
        command.version,
        command,
        now,
    )


async def _round_of(connection: Connection, command: VersionToAdopt) -> str:
    return await round_of_vacancy(connection, command.vacancy_id)


ADOPTION = Procedure(
    "ranking",
    "adoption",
    VersionToAdopt,
    lambda command: f"{command.vacancy_id}/{command.list}",
    _run,
    _round_of,
)
"""Two officers adopt a version."""


def _statements(
    snapshot: ListSnapshot, difference: ListDifference, corrected: ClosedListCorrected
) -> list[BaseModel]:
    """Whose admission is revoked, who is admitted, then that the list is corrected."""
    # whoever is on the list no longer doesn't meet the requirements
    code_of_gone = snapshot.policy_list.codes.rejected
    revoked = [
        AdmissionRevoked(
            **_which(corrected),
            participant_no=number,
            code=difference.now[number].code if number in difference.now else code_of_gone,
        )
        for number in difference.no_longer_within
    ]
    restated = {number: difference.now[number] for number in difference.restated}
    return [*revoked, *admissions(snapshot, corrected.vacancy_id, restated), corrected]


def _which(corrected: ClosedListCorrected) -> dict[str, str]:
    return {
        "vacancy_id": corrected.vacancy_id,
        "round_id": corrected.round_id,
        "list": corrected.list,
    }


async def _followed_version(
    connection: Connection, vacancy: KnownVacancy, list_code: str, version: int, digest: str
) -> int:
    """The version that counts now, if this one may take its place."""
    which = {"vacancy_id": vacancy.vacancy_id, "list": list_code}
    found = await SQL.revision(connection, **which, version=version)
    if found is None:
        raise Refusal("unknown-version", list=list_code, version=version)
    if found["digest"] != digest:
        raise Refusal("another-version", list=list_code, version=version, digest=found["digest"])
    fixed = [row async for row in SQL.fixed_versions(connection, **which)]
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
    connection: Connection, round_: Round, policy_list: List, vacancy: KnownVacancy
) -> None:
    later = [
        other.code
        for other in round_.policy.lists
        if other.after == policy_list.code and other.code in vacancy.closed
    ]
    if later:
        raise Refusal("later-list-closed", list=policy_list.code, later=later[0])
    if await SQL.seats_given(connection, round_id=round_.round_id):
        raise Refusal("seats-given", round_id=round_.round_id)


async def _refuse_unless_complete(
    connection: Connection, round_: Round, policy_list: List, vacancy_id: str, version: int
) -> None:
    vacancies = await load_readiness(connection, round_, policy_list)
    missing = next(vacancy.missing for vacancy in vacancies if vacancy.vacancy_id == vacancy_id)
    if missing:
        raise Refusal(
            "version-incomplete",
            list=policy_list.code,
            version=version,
            missing=list(missing),
        )


def _refuse_unless_current(
    snapshot: ListSnapshot, vacancy_id: str, version: int, digest: str
) -> None:
    list_code = snapshot.policy_list.code
    if snapshot.summaries[vacancy_id].digest != digest:
        raise Refusal("version-overtaken", list=list_code, version=version)
    if tied := snapshot.undecided().get(vacancy_id):
        raise Refusal("version-undecided", list=list_code, version=version, tied=", ".join(tied))


async def _move_on(
    connection: Connection, vacancy: KnownVacancy, list_code: str, difference: ListDifference
) -> None:
    """Puts who is newly admitted on the list that follows, and takes off who no longer is."""
    following = [rules.code for rules in vacancy.lists.values() if rules.after == list_code]
    await take_off(
        connection,
        [
            (vacancy.vacancy_id, code, number)
            for code in following
            for number in difference.no_longer_within
        ],
    )
    newly_within = difference.newly_within
    if following and newly_within:
        await recompute(connection, [(vacancy.vacancy_id, number) for number in newly_within])
    await notify(connection, [vacancy.vacancy_id])
