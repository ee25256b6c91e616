"""Empty seats of a closed round are offered, one person after the other: an officer begins it, each
answer moves it on.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.merit.domain.standing import Gate
from services.ranking.rounds.domain import Round
from services.ranking.rounds.storage import load_round
from services.ranking.seats.domain.seats import Listed, Offer, Pool, Ranked, Vacancy, ranked
from services.ranking.seats.storage.seats import SEATS, PoolKey, pools_kept, rules_of, vacancy_of
from services.ranking.standings.storage import SQL as STANDINGS
from services.ranking.standings.storage.facts import candidates_known, vacancies_known
from shared.contracts.applications import SeatAccepted, SeatDeclined
from shared.contracts.fields import ParticipantNo, RoundId, VacancyId
from shared.contracts.ranking import SeatLeftEmpty, SeatOffered
from shared.identity import Person
from shared.messaging.dead_letters import REPLAYING
from shared.messaging.envelope import Event
from shared.messaging.outbox import Outbox, SilentOutbox, Statement
from shared.policies import Policy
from shared.postgres import audit
from shared.postgres.pool import Connection
from shared.refusals import Refusal

OUT = {Gate.DISQUALIFIED, Gate.WITHDRAWN, Gate.REJECTED}
"""Nobody who is held there by now is asked, whatever the closed list said."""


AskedInOrder = Annotated[
    tuple[ParticipantNo, ...],
    Field(min_length=2, max_length=1000, description="All of them, the first to be asked first"),
]


class FillingBegun(BaseModel):
    """Empty seats are being offered from now on."""

    round_id: RoundId
    started_at: AwareDatetime = Field(description="UTC")
    offered: int = Field(description="Seats offered at once; further offers follow the answers")
    left_empty: int = Field(description="Seats for which there is nobody to ask")
    undecided: int = Field(
        description="Vacancies where people are equal for the last seat: an officer decides"
    )


class DecideSeatTie(BaseModel):
    """The order of all who are equal for a vacancy's last empty seat, and why."""

    vacancy_id: VacancyId
    order: AskedInOrder
    reason: Annotated[
        str,
        Field(min_length=10, max_length=2000, description="On what the decision rests; it is kept"),
    ]


class SeatTieDecided(BaseModel):
    """An order that holds as long as nobody else is their equal."""

    vacancy_id: VacancyId
    order: AskedInOrder
    offered: int = Field(description="Seats that could be offered by it, in all vacancies")
    decided_at: AwareDatetime = Field(description="UTC")


@dataclass(frozen=True, slots=True)
class Closed:
    """A round whose last list is closed, as a filling goes by it."""

    rows: list[Any]
    vacancies: list[Vacancy]
    pools: dict[str, int]
    ranked: list[Ranked]
    answers: dict[tuple[str, str], Any]

    def by_pool(self, round_: Round) -> dict[PoolKey, Pool]:
        """The pools before any offer."""
        vacancies: dict[int, list[Vacancy]] = defaultdict(list)
        people: dict[int, list[Ranked]] = defaultdict(list)
        for vacancy in self.vacancies:
            vacancies[self.pools[vacancy.vacancy_id]].append(vacancy)
        for one in self.ranked:
            people[self.pools[one.vacancy_id]].append(one)
        answers = {who: row["answer"] for who, row in self.answers.items()}
        rules = rules_of(round_.policy)
        return {
            (round_.round_id, pool): Pool(rules, group, people[pool], (), answers)
            for pool, group in sorted(vacancies.items())
        }


async def begin_filling(
    connection: Connection, outbox: Outbox, officer: Person, round_id: str, now: datetime
) -> FillingBegun:
    """Begin to fill the empty seats of a round, by its lists as they are closed, and make the first
    offers.

    Raises Refusal `unknown-round`, `filling-too-early` while the last list is open somewhere,
    `filling-begun`, `education-unknown`, `rebuilding`.
    """
    if not await STANDINGS.stay_unrebuilt(connection, lock=REPLAYING):
        raise Refusal("rebuilding")
    round_ = await load_round(connection, round_id)
    await STANDINGS.lock_stating(connection)  # no version of a closed list is adopted meanwhile
    await SEATS.lock_fillings(connection, rounds=[round_id])
    if not await SEATS.begin(connection, round_id=round_id, by=officer.subject, at=now):
        raise Refusal("filling-begun", round_id=round_id)
    closed = await closed_round(connection, round_)
    await _keep(connection, round_id, closed)
    pools = closed.by_pool(round_)
    moved = _Moved()
    for key, pool in pools.items():
        moved.settle(key, pool, {}, None)
    await audit.record(connection, officer, "filling.begun", round_id, at=now)
    await moved.keep(connection, outbox, now)
    return FillingBegun(
        round_id=round_id,
        started_at=now,
        offered=len(moved.offers),
        left_empty=sum(sum(pool.left_empty.values()) for pool in pools.values()),
        undecided=sum(len(pool.undecided) for pool in pools.values()),
    )


async def learn_seat_answers(
    connection: Connection,
    outbox: Outbox,
    events: Sequence[Event[SeatAccepted]] | Sequence[Event[SeatDeclined]],
    now: datetime,
) -> None:
    """Keeps what people answered; seats that came free are offered to the next, one answer after
    the other.

    Made anew from the log they are only kept: what they led to was decided long ago, and part of
    them could lead elsewhere.
    """
    await SEATS.lock_fillings(connection, rounds=sorted({event.data.round_id for event in events}))
    pool_of: dict[str, PoolKey] = {
        row["vacancy_id"]: (row["round_id"], row["pool"])
        async for row in SEATS.pools_of(
            connection, vacancies=sorted({event.data.vacancy_id for event in events})
        )
    }
    anew = isinstance(outbox, SilentOutbox)
    pools = {} if anew else await pools_kept(connection, pool_of.values())
    moved = _Moved()
    for event in events:
        key = pool_of.get(event.data.vacancy_id)
        if key in pools:
            kept = pools[key]
            kept.pool.answer(event.data.vacancy_id, event.data.participant_no, _answer(event.data))
            moved.settle(key, kept.pool, kept.left_empty, event)
    await SEATS.learn_answers(
        connection,
        vacancies=[event.data.vacancy_id for event in events],
        participants=[event.data.participant_no for event in events],
        rounds=[event.data.round_id for event in events],
        answers=[_answer(event.data) for event in events],
        ats=[event.time for event in events],
    )
    await moved.keep(connection, outbox, now)


async def decide_seat_tie(
    connection: Connection,
    outbox: Outbox,
    officer: Person,
    round_id: str,
    command: DecideSeatTie,
    now: datetime,
) -> SeatTieDecided:
    """Keep an officer's order of equals for the last empty seat, and offer by it.

    Raises Refusal `unknown-round`, `unknown-vacancy`, `filling-not-begun`, `no-seat-tie` where
    nobody is equal for the last seat, `not-the-tie` where the order does not name exactly those who
    are, `rebuilding`.
    """
    if not await STANDINGS.stay_unrebuilt(connection, lock=REPLAYING):
        raise Refusal("rebuilding")
    await load_round(connection, round_id)
    await SEATS.lock_fillings(connection, rounds=[round_id])
    if await SEATS.filling(connection, round_id=round_id) is None:
        raise Refusal("filling-not-begun", round_id=round_id)
    keys: list[PoolKey] = [
        (row["round_id"], row["pool"])
        async for row in SEATS.pools_of(connection, vacancies=[command.vacancy_id])
        if row["round_id"] == round_id
    ]
    if not keys:
        raise Refusal("unknown-vacancy", vacancy_id=command.vacancy_id)
    before = (await pools_kept(connection, keys))[keys[0]]
    before.pool.settle()
    tied = before.pool.undecided.get(command.vacancy_id)
    if not tied:
        raise Refusal("no-seat-tie", vacancy_id=command.vacancy_id)
    if tied != sorted(command.order):
        raise Refusal("not-the-tie", tied=", ".join(tied))
    await SEATS.forget_tie_places(connection, vacancy_id=command.vacancy_id)
    await SEATS.keep_tie_places(
        connection,
        round_id=round_id,
        pool=keys[0][1],
        vacancy_id=command.vacancy_id,
        participants=list(command.order),
        places=list(range(1, len(command.order) + 1)),
    )
    kept = (await pools_kept(connection, keys))[keys[0]]
    moved = _Moved()
    moved.settle(keys[0], kept.pool, kept.left_empty, None)
    await audit.record(
        connection, officer, "seat-tie.decided", command.vacancy_id, reason=command.reason, at=now
    )
    await moved.keep(connection, outbox, now)
    return SeatTieDecided(
        vacancy_id=command.vacancy_id,
        order=command.order,
        offered=len(moved.offers),
        decided_at=now,
    )


async def closed_round(connection: Connection, round_: Round) -> Closed:
    """The round's vacancies and candidates by its closed lists, without those who were ranked,
    without a seat, and have since been disqualified, rejected, or withdrawn. Raises Refusal
    `filling-too-early`, `education-unknown`.
    """
    last = round_.policy.lists[-1]
    asked = {"round_id": round_.round_id, "list": last.code}
    rows = [row async for row in SEATS.closed_vacancies(connection, **asked)]
    if not rows or not all(row["closed"] for row in rows):
        raise Refusal("filling-too-early", round_id=round_.round_id, list=last.code)
    if unknown := sum(row["education"] is None for row in rows):
        raise Refusal("education-unknown", round_id=round_.round_id, vacancies=unknown)
    vacancies = [vacancy_of(row) for row in rows]
    pools = rules_of(round_.policy).pools(vacancies)
    lines = {
        (row["vacancy_id"], row["participant_no"]): row
        async for row in SEATS.ranked_lines(connection, **asked)
    }
    known = await vacancies_known(connection, [one.vacancy_id for one in vacancies])
    listed = []
    for vacancy, candidate in await candidates_known(connection, known, list(lines)):
        line = lines[vacancy.vacancy_id, candidate.participant_no]
        standing = vacancy.lists[last.code].standing_of(candidate)
        if line["admitted"] or (standing is not None and standing.gate not in OUT):
            as_closed = _as_closed(round_.policy, candidate, line)
            listed.append(Listed(vacancy.vacancy_id, line["rank"], line["admitted"], as_closed))
    seed = await SEATS.seed(connection, round_id=round_.round_id)
    answers = {
        (row["vacancy_id"], row["participant_no"]): row
        async for row in SEATS.answers(connection, rounds=[round_.round_id])
    }
    return Closed(
        rows, vacancies, pools, ranked(round_.policy, seed, vacancies, pools, listed), answers
    )


def _as_closed(policy: Policy, candidate: Candidate, line: Any) -> Candidate:
    """The candidate by the points and the personal facts that the list was closed with, whatever
    was corrected since.
    """
    facts = ("gpa", "birth_date", "relevant_experience_months", "education", "priority")
    return replace(
        candidate,
        verified=True,
        withdrawn=False,
        results={
            stage.code: StageResult(
                Outcome.SCORED,
                {
                    part.code: line["points"][part.code]
                    for part in stage.components
                    if part.code in line["points"]
                },
            )
            for stage in policy.stages
        },
        admitted_by=frozenset(one.code for one in policy.lists),
        decided={},
        **({name: line[name] for name in facts} if line["facts_kept"] else {}),
    )


async def _keep(connection: Connection, round_id: str, closed: Closed) -> None:
    """From now on the filling goes by this, whatever is corrected later."""
    names = ("vacancy_id", "number", "agency", "post", "unit_id", "unit_path", "need", "seats")
    ids, numbers, agencies, posts, units, paths, needs, seats = (
        [row[name] for row in closed.rows] for name in names
    )
    await SEATS.keep_vacancies(
        connection,
        round_id=round_id,
        vacancies=ids,
        pools=[closed.pools[vacancy_id] for vacancy_id in ids],
        numbers=numbers,
        agencies=agencies,
        posts=posts,
        units=units,
        paths=paths,
        needs=needs,
        seats=seats,
        education=[json.dumps(row["education"]) for row in closed.rows],
    )
    people = closed.ranked
    await SEATS.keep_candidates(
        connection,
        round_id=round_id,
        vacancies=[one.vacancy_id for one in people],
        participants=[one.participant_no for one in people],
        pools=[closed.pools[one.vacancy_id] for one in people],
        ranks=[one.rank for one in people],
        selected=[one.selected for one in people],
        places=[json.dumps(one.places) for one in people],
        meets=[" ".join(sorted(one.meets)) for one in people],
    )


class _Moved:
    """What one transaction adds to fillings."""

    def __init__(self) -> None:
        self.offers: list[tuple[PoolKey, Offer]] = []
        self._statements: list[tuple[SeatOffered | SeatLeftEmpty, Event[Any] | None]] = []
        self._left_empty: dict[str, int] = {}

    def settle(
        self, key: PoolKey, pool: Pool, left_empty: dict[str, int], cause: Event[Any] | None
    ) -> None:
        """Takes a pool's next offers, and what stays empty beyond `left_empty`, which it brings up
        to date.
        """
        round_id, _ = key
        for offer in pool.settle():
            self.offers.append((key, offer))
            offered = SeatOffered(
                offer_id=offer.id_in(round_id),
                vacancy_id=offer.vacancy_id,
                round_id=round_id,
                participant_no=offer.participant_no,
                applied_for=offer.applied_for,
                code=offer.code,
                move=offer.move,
            )
            self._statements.append((offered, cause))
        for vacancy_id, seats in pool.left_empty.items():
            if seats > left_empty.get(vacancy_id, 0):
                left_empty[vacancy_id] = self._left_empty[vacancy_id] = seats
                left = SeatLeftEmpty(vacancy_id=vacancy_id, round_id=round_id, seats=seats)
                self._statements.append((left, cause))

    async def keep(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        """Keeps and states it."""
        if self.offers:
            await SEATS.keep_offers(
                connection,
                at=now,
                ids=[offer.id_in(key[0]) for key, offer in self.offers],
                vacancies=[offer.vacancy_id for _, offer in self.offers],
                participants=[offer.participant_no for _, offer in self.offers],
                rounds=[key[0] for key, _ in self.offers],
                pools=[key[1] for key, _ in self.offers],
                applied_for=[offer.applied_for for _, offer in self.offers],
                moves=[offer.move for _, offer in self.offers],
                codes=[offer.code for _, offer in self.offers],
            )
        if self._left_empty:
            await SEATS.keep_left_empty(
                connection, vacancies=list(self._left_empty), seats=list(self._left_empty.values())
            )
        await outbox.append(
            connection, [Statement(data, now, cause=cause) for data, cause in self._statements]
        )


def _answer(data: SeatAccepted | SeatDeclined) -> Any:
    return "accepted" if isinstance(data, SeatAccepted) else data.reason
