"""Small rounds that go on all the time, through the platform's door; every request is written down.

A request that has no answer is repeated under its key until it has one. What was answered is an
acknowledgement: the oracle looks for its effect.
"""

import asyncio
import csv
import dataclasses
import io
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.progress import Progress
from typing_extensions import override

from deploy.demo.client import Client, DemoError
from deploy.demo.demonstration import OFFICER, Demonstration, Person
from deploy.demo.exams import sit_skb, sit_skd
from deploy.demo.lists import close_list, publish, read_lists
from deploy.demo.opening import open_round
from deploy.demo.people import SKB, TIU, TKP, TWK, Applicant, Complaint, Population
from deploy.demo.recompute import Participant
from deploy.demo.registration import register, verify, withdraw
from deploy.demo.report import first_difference, in_order, recomputed
from deploy.demo.seats import fill_seats
from tests.fault.campaign.scene import Gate

AT_ONCE = 3
"""Rounds under way at a time."""
LISTINGS = 2
"""Vacancies of a round beside the contested one."""
PEOPLE = 6
"""Applicants of a vacancy."""
AWAY_S = 600.0
"""How long a request is repeated; a service that is away for longer is stuck."""


class FewPeople(Population):
    """The people of a small round: most of them pass, and much is corrected."""

    def __init__(self, seed: int) -> None:
        super().__init__(PEOPLE * (LISTINGS + 1), seed)
        self._number = seed

    @cached_property
    @override
    def vacancies_csv(self) -> str:
        """The contested vacancy of the real list and a few others, the same in every round."""
        text = super().vacancies_csv
        rows = list(csv.DictReader(io.StringIO(text)))
        contested = next(
            row["formasi_id"]
            for row in sorted(rows, key=lambda row: row["formasi_id"])
            if row["jumlah_formasi"] == "2" and row["formasi_nm"] == "UMUM"
        )
        plain = sorted({row["formasi_id"] for row in rows if row["formasi_nm"] == "UMUM"})
        chosen = {contested, *[listing for listing in plain if listing != contested][:LISTINGS]}
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if row["formasi_id"] in chosen)
        return out.getvalue()

    @override
    def _counts(self) -> dict[str, int]:
        return {listing.listing_id: PEOPLE for listing in self.listings}

    @override
    def _applicant(self, listing: Any, order: int) -> Applicant:
        dice = self._dice(listing.listing_id, order)
        skd = {
            TWK: Decimal(dice.randrange(70, 151, 5)),
            TIU: Decimal(dice.randrange(80, 176, 5)),
            TKP: Decimal(dice.randint(166, 225)),
        }
        absent = dice.random() < 0.08
        return dataclasses.replace(
            super()._applicant(listing, order),
            subject=f"campaign-{self._number}-{listing.listing_id[:8]}-{order}",
            meets_requirements=dice.random() < 0.85,
            withdraws=dice.random() < 0.1,
            skd=None if absent else skd,
            skd_first_recorded=(
                {**skd, TWK: skd[TWK] - 5} if not absent and dice.random() < 0.3 else None
            ),
            disqualified=not absent and dice.random() < 0.08,
            skb={SKB: Decimal(dice.randint(40_000, 99_999)) / 1000},
        )

    @cached_property
    @override
    def complaints(self) -> list[Complaint]:
        return list(itertools.islice(super()._complaints(), 4))

    def _dice(self, *name: object) -> random.Random:
        return random.Random("/".join(map(str, ("few", self._number, *name))))


class WrittenDown(Client):
    """A client that writes down each command that was answered, and each odd answer."""

    def __init__(self, url: str, journal: "Journal", gate: Gate) -> None:
        super().__init__(url, away_s=AWAY_S)
        self._journal = journal
        self.gate = gate
        self.sittings: dict[str, str] = {}
        """The last test's, by vacancy."""

    @override
    async def post(self, path: str, **request: Any) -> Any:
        began = time.time()
        async with self.gate.open() if not HOLDS_GATE.get() else nullcontext():
            answer = await super().post(path, **request)
        if path == "/exams/sittings" and request["body"]["stage"] == "skb":
            self.sittings |= dict.fromkeys(request["body"]["vacancy_ids"], answer["sitting_id"])
        self._journal.keep({"path": path, **request, "answer": answer, "began": began})
        return answer

    @override
    async def _try(self, method: str, path: str, *who: Any, **request: Any) -> Any:
        answer = await super()._try(method, path, *who, **request)
        if not isinstance(answer, str) and answer.says.startswith("500 "):
            # a fault of the product while a server is away; the command is still owed an answer
            self._journal.odd[f"{method} {path.split('/')[1]}: 500"] += 1
            return dataclasses.replace(answer, again=True)
        return answer


HOLDS_GATE: ContextVar[bool] = ContextVar("HOLDS_GATE", default=False)
"""Whether the task has passed the gate with all of its next commands."""


@asynccontextmanager
async def together(gate: Gate) -> AsyncIterator[None]:
    """The commands of the block pass the gate as one."""
    async with gate.open():
        token = HOLDS_GATE.set(True)
        try:
            yield
        finally:
            HOLDS_GATE.reset(token)


class Together(Demonstration):
    """A round whose decisions of two people pass the gate as one: no event tells of a proposal."""

    client: WrittenDown

    @override
    async def decide(self, path: str, *name: object, **request: Any) -> Any:
        async with together(self.client.gate):
            return await super().decide(path, *name, **request)


async def _open_round(demo: Together) -> None:
    """No event tells of a draft of vacancies, nor of services rendered."""
    async with together(demo.client.gate):
        await open_round(demo)


async def _publish_lists(demo: Together) -> None:
    """No event tells of what waits for a signature."""
    async with together(demo.client.gate):
        await publish(demo, "publish the lists")


async def _publish_seats(demo: Together) -> None:
    async with together(demo.client.gate):
        await publish(demo, "publish the seats")


class Journal:
    """The commands that were answered, as JSON lines in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.answered = 0
        self.odd: Counter[str] = Counter()

    def keep(self, command: dict[str, Any]) -> None:
        """Add a command with its answer."""
        self.answered += 1
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(command, default=str, ensure_ascii=False) + "\n")


class Load:
    """Rounds against the door at `url`, several at a time, until `finish`."""

    def __init__(self, url: str, journal: Journal, gate: Gate, *, chapter: str, seed: int) -> None:
        self._client = WrittenDown(url, journal, gate)
        self._chapter = chapter
        self._seed = seed
        self._numbers = itertools.count(1)
        self._enough = asyncio.Event()
        self._players: list[asyncio.Task[None]] = []
        self.rounds = 0
        """How many came to their end."""
        self.refused: list[str] = []
        """Rounds that could not go on, and why."""
        self.at: dict[str, str] = {}
        """How far each round under way is."""

    async def start(self) -> None:
        """Begin the rounds; returns at once."""
        await self._client.__aenter__()
        self._players = [asyncio.create_task(self._play_on()) for _ in range(AT_ONCE)]

    async def finish(self, seconds: float) -> None:
        """Begin no more rounds, and wait until those under way are over.

        Those that are not over after `seconds` are named among the refused.
        """
        self._enough.set()
        _, late = await asyncio.wait(self._players, timeout=seconds)
        for player in late:
            player.cancel()
        if late:
            self.refused += [f"{round_id} is still at: {at}" for round_id, at in self.at.items()]
        for player in set(self._players) - late:
            player.result()

    async def close(self) -> None:
        """Close the connections."""
        for player in self._players:
            player.cancel()
        await asyncio.gather(*self._players, return_exceptions=True)
        await self._client.__aexit__()

    async def _play_on(self) -> None:
        while not self._enough.is_set():
            number = next(self._numbers)
            round_id = f"{self._chapter}-{number}"
            try:
                await self._play(round_id, self._seed * 10_000 + number)
                self.rounds += 1
            except* DemoError as refusals:
                self.refused.append(f"{round_id} at {self.at[round_id]}: {_words(refusals)}")
            del self.at[round_id]

    async def _play(self, round_id: str, seed: int) -> None:
        demo = Together(self._client, FewPeople(seed), round_id, Progress(disable=True))
        for name, step in STEPS:
            self.at[round_id] = name
            await step(demo)


async def _close_registration(demo: Demonstration) -> None:
    """Two officers close it before its time, so that no clock need go on."""
    await demo.decide(
        f"/applications/rounds/{demo.round_id}/registration/close",
        "registration",
        body={"reason": "Semua pelamar rekaan telah mendaftar."},
    )
    for listing_id, applicants in demo.people.applicants.items():
        demo.verified[listing_id] = [
            Participant(demo.participant_numbers[applicant.subject], applicant, applicant.withdraws)
            for applicant in applicants
            if applicant.meets_requirements
        ]


async def _close_skd(demo: Demonstration) -> None:
    """An officer fixes the first list."""
    await close_list(demo, "close SKD", f"/ranking/rounds/{demo.round_id}/stages/skd/close")


async def _close_round(demo: Demonstration) -> None:
    """An officer fixes the final list."""
    await close_list(demo, "close the round", f"/ranking/rounds/{demo.round_id}/close")


async def _compare_lists(demo: Demonstration) -> None:
    """The closed lists are what the rules make of what was sent. Raises DemoError if not."""
    lists, expected = in_order(await read_lists(demo)), recomputed(demo)
    if lists != expected:
        where = first_difference(lists, expected)
        raise DemoError(f"a closed list is another one than what was sent leads to: {where}")


async def _correct_late(demo: Together) -> None:
    """Who stands first has points too many: two officers correct them, and adopt the list anew.

    Raises DemoError where no corrected version comes.
    """
    vacancy_id = demo.vacancy_ids[demo.people.contested.listing_id]
    standings = f"/ranking/vacancies/{vacancy_id}/standings"
    lines = (await demo.client.get(standings, list="final", limit=1))["items"]
    if not lines or lines[0]["rank"] is None:
        return
    number = lines[0]["participant_no"]
    applicants = {demo.participant_numbers[one.subject]: one for one in demo.people.everyone}
    points = applicants[number].skb
    assert points is not None, "whoever stands on the last list has sat the last test"
    await demo.decide(
        f"/exams/sittings/{demo.client.sittings[vacancy_id]}/corrections",
        "late correction",
        number,
        body={
            "participant_no": number,
            "points": {SKB: str(points[SKB] - 5)},
            "reason": "Salah jumlah (rekaan)",
        },
    )
    versions = f"/ranking/vacancies/{vacancy_id}/lists/final/versions"
    deadline = time.monotonic() + AWAY_S
    while len(made := (await demo.client.get(versions))["items"]) < 2:
        if time.monotonic() > deadline:
            raise DemoError(f"the correction of {number} made no version of the final list")
        await asyncio.sleep(0.3)
    await demo.decide(
        f"{versions}/{made[-1]['version']}/adoption",
        "adoption",
        body={"digest": made[-1]["digest"], "reason": "Sanggahan diterima (rekaan)."},
    )


async def _complain(demo: Demonstration) -> None:
    """Citizens complain, and some are answered at once; the events come when the day is over."""
    for complaint in demo.people.complaints:
        subject = f"campaign-citizen-{demo.round_id}" if complaint.named else None
        filed = await demo.command(
            Person(subject, "applicant"),
            "/feedback/complaints",
            "complaint",
            complaint.number,
            body={
                "unit_id": complaint.unit_id,
                "category": complaint.category,
                "text": complaint.text,
            },
            waits=True,
        )
        if complaint.number % 2:
            await demo.command(
                OFFICER,
                f"/feedback/complaints/{filed['complaint_id']}/resolution",
                "resolution",
                complaint.number,
                body={"outcome": "upheld", "text": "Sudah ditindaklanjuti (rekaan)."},
            )


def _words(refusals: BaseExceptionGroup[Any]) -> str:
    """All that was refused, in words."""
    return "; ".join(
        _words(inner) if isinstance(inner, BaseExceptionGroup) else str(inner)
        for inner in refusals.exceptions
    )


Step = Callable[[Together], Awaitable[object]]
STEPS: tuple[tuple[str, Step], ...] = (
    ("opening", _open_round),
    ("complaints", _complain),
    ("registration", register),
    ("verification", verify),
    ("withdrawals", withdraw),
    ("closing of registration", _close_registration),
    ("SKD", sit_skd),
    ("closing of SKD", _close_skd),
    ("SKB", sit_skb),
    ("closing of the round", _close_round),
    ("comparison of the lists", _compare_lists),
    ("late correction", _correct_late),
    ("publication", _publish_lists),
    ("seats", fill_seats),
    ("publication of seats", _publish_seats),
)
"""A round, in the order of the law."""
