"""Plays the round: each step is what one kind of person does, in the order of the law."""

import asyncio
import csv
import hashlib
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from rich.progress import Progress

from deploy.demo.door import AT_ONCE, AWAY_S, DemoError, Door
from deploy.demo.people import SKB, TIU, TKP, TWK, Candidate, Cast, Listing
from deploy.demo.recompute import Sat

POLICY = "national-cpns-2024"
OFFICER, VERIFIER, EXAMINER, PROCTOR = (
    "demo-officer",
    "demo-verifier",
    "demo-examiner",
    "demo-proctor",
)
SECOND_OFFICER = "demo-second-officer"
MONTHS = 12
SOON_S = 0.2
"""Between two looks at what answers led to: an answer takes about as long from one service to the
other."""

ONE_IN_LEAVES = 4
"""Of one vacancy in so many whoever is first takes another job: otherwise few seats would be empty,
and nobody would be asked."""

Thing = TypeVar("Thing")


@dataclass
class Round:
    """What the demonstration knows of its round, from the answers that it got."""

    round_id: str
    vacancy_ids: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    verified: dict[str, list[Sat]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    complaints: int = 0
    seats: dict[str, int] = field(default_factory=dict)


def text_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file as its text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


class Play:
    """One round of one cast behind one door; `progress` shows how far each step is."""

    def __init__(self, door: Door, cast: Cast, round_id: str, progress: Progress) -> None:
        self.door = door
        self.cast = cast
        self.round = Round(round_id)
        self.progress = progress

    @asynccontextmanager
    async def _step(self, name: str, things: int) -> AsyncIterator[Callable[[], None]]:
        """A step of so many things, timed, with its bar; the caller says when one is done."""
        bar = self.progress.add_task(name, total=things)
        started = time.monotonic()
        yield lambda: self.progress.advance(bar)
        self.progress.update(bar, completed=things)
        self.round.seconds[name] = round(time.monotonic() - started, 2)

    async def _all(
        self, name: str, things: Sequence[Thing], do: Callable[[Thing], Awaitable[object]]
    ) -> None:
        """Do one thing for each, several people at once; the first failure ends the step."""
        async with self._step(name, len(things)) as done:
            queue = iter(things)

            async def person() -> None:
                for thing in queue:
                    await do(thing)
                    done()

            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(things))):
                    group.create_task(person())

    def _key(self, *what: object) -> str:
        """The Idempotency-Key of one thing that is done in this round."""
        return hashlib.sha256(":".join(map(str, (self.round.round_id, *what))).encode()).hexdigest()

    async def everything(self) -> None:
        """The whole round, from the units to the flags."""
        await self.prepare()
        await self.register()
        await self.verify()
        await self.sit_skd()
        await self.close_stage(
            "close SKD", f"/ranking/rounds/{self.round.round_id}/stages/skd/close"
        )
        await self.sit_skb()
        await self.close_stage("close the round", f"/ranking/rounds/{self.round.round_id}/close")
        await self.publish("publish the lists")
        await self.fill_seats()
        await self.publish("publish the seats")
        await self.complain()

    # The officer ----------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Units, services rendered, the round under its policy, its vacancies, published."""
        now = datetime.now(UTC)
        units = text_csv(
            ("unit_id", "path", "staff"),
            ((unit.unit_id, unit.path, unit.staff) for unit in self.cast.units),
        )
        month = now.year * 12 + now.month - 1
        services = text_csv(
            ("unit_id", "month", "services"),
            (
                (
                    unit.unit_id,
                    f"{(month - back) // 12:04d}-{(month - back) % 12 + 1:02d}",
                    unit.services_a_month,
                )
                for unit in self.cast.units
                for back in range(MONTHS)
            ),
        )
        seats = sum(listing.seats for listing in self.cast.listings)
        base = f"/applications/rounds/{self.round.round_id}"
        steps: list[tuple[str, dict[str, Any]]] = [
            ("/applications/units/import", {"csv": units}),
            ("/feedback/services-rendered/import", {"csv": services, "waits": True}),
            (
                "/applications/rounds",
                {
                    "body": {
                        "round_id": self.round.round_id,
                        "name": f"Demonstrasi {self.round.round_id} (pelamar rekaan)",
                        "policy_id": POLICY,
                        "decreed_seats": seats,
                        "calendar": {
                            "registration_opens": (now - timedelta(days=1)).isoformat(),
                            "registration_closes": (now + timedelta(days=30)).isoformat(),
                        },
                    }
                },
            ),
            (f"{base}/vacancies/import", {"csv": self.cast.vacancies_csv}),
            (f"{base}/publish", {}),
        ]
        async with self._step("open the round", len(steps)) as done:
            for path, what in steps:
                await self.door.post(
                    path, who=OFFICER, role="officer", key=self._key("prepare", path), **what
                )
                done()
        async for vacancy in self.items(f"{base}/vacancies"):
            self.round.vacancy_ids[vacancy["listing_id"]] = vacancy["vacancy_id"]

    async def items(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = await self.door.get(
                path, limit=500, **query, **({"cursor": cursor} if cursor else {})
            )
            for item in page["items"]:
                yield item
            cursor = page["next"]
            if cursor is None:
                return

    async def close_stage(self, name: str, path: str) -> None:
        """Fix a list: refused until ranking has all that was counted, and asked again."""
        async with self._step(name, 1):
            await self.door.post(path, who=OFFICER, role="officer", key=self._key(name), waits=True)

    async def publish(self, name: str) -> None:
        """One officer proposes what everyone will see, a second signs it."""
        path = f"/ranking/rounds/{self.round.round_id}/publication"
        async with self._step(name, 1):
            seen = await self.door.post(
                path, who=OFFICER, role="officer", key=self._key(name, "propose")
            )
            await self.door.post(
                f"{path}/signature",
                who=SECOND_OFFICER,
                role="officer",
                key=self._key(name, "sign"),
                body={"digest": seen["digest"]},
            )

    async def fill_seats(self) -> None:
        """Some who have seats by the list leave; the officer begins to fill the empty seats;
        whoever is asked answers, until nobody is left to ask.
        """
        people = {
            self.round.numbers[candidate.subject]: candidate
            for crowd in self.cast.candidates.values()
            for candidate in crowd
        }
        left = await self._give_up(people)
        path = f"/ranking/rounds/{self.round.round_id}/filling"
        begun = await self.door.post(path, who=OFFICER, role="officer", key=self._key("filling"))
        asked: set[str] = set()
        until = time.monotonic() + AWAY_S
        async with self._step("fill the seats", begun["offered"]) as done:
            while True:
                vacancies = [one async for one in self.items(path, who=OFFICER, role="officer")]
                offers = [offer for one in vacancies for offer in one["offers"]]
                tied = [one for one in vacancies if one["undecided"]]
                heard = left <= {number for one in vacancies for number in one["gave_up"]}
                if heard and not tied and all(offer["answer"] for offer in offers):
                    break
                if time.monotonic() > until:
                    raise DemoError(
                        f"The filling of seats stands still with {len(asked)} answers given."
                    )
                async with asyncio.TaskGroup() as group:
                    for offer in offers:
                        if offer["answer"] is None and offer["offer_id"] not in asked:
                            asked.add(offer["offer_id"])
                            until = time.monotonic() + AWAY_S
                            group.create_task(
                                self._answer(offer, people[offer["participant_no"]], done)
                            )
                for one in tied:
                    await self._draw_lots(path, one)
                await asyncio.sleep(SOON_S)
        answers = [offer["answer"] for offer in offers]
        self.round.seats = {
            "given_up": len(left),
            "offered": len(answers),
            **{answer: answers.count(answer) for answer in ("accepted", "declined")},
            "left_empty": sum(one["left_empty"] for one in vacancies),
        }

    async def _give_up(self, people: dict[str, Candidate]) -> set[str]:
        """The first of the last list of some vacancies leave their seats; gives who they are."""
        first: dict[str, str] = {}
        for listing in [self.cast.hot, *self.cast.listings[::ONE_IN_LEAVES]]:
            vacancy_id = self.round.vacancy_ids[listing.listing_id]
            standings = await self.door.get(
                f"/ranking/vacancies/{vacancy_id}/standings", list="final", limit=1
            )
            first |= {
                line["participant_no"]: vacancy_id
                for line in standings["items"]
                if line["rank"] == 1
            }
        async with asyncio.TaskGroup() as group:
            for number, vacancy_id in first.items():
                post = self.door.post(
                    f"/applications/vacancies/{vacancy_id}/applications/{number}/selection/decline",
                    who=people[number].subject,
                    role="applicant",
                    key=self._key("give up", number),
                    waits=True,
                )
                group.create_task(post)
        return {*first}

    async def _answer(
        self, offer: dict[str, Any], candidate: Candidate, done: Callable[[], None]
    ) -> None:
        await self.door.post(
            f"/applications/vacancies/{offer['applied_for']}/offers/{offer['offer_id']}/answer",
            who=candidate.subject,
            role="applicant",
            key=self._key("answer", offer["offer_id"]),
            body={"accept": self.cast.takes_seat(candidate)},
            waits=True,
        )
        done()

    async def _draw_lots(self, path: str, vacancy: dict[str, Any]) -> None:
        """Equals for a last seat: the officer draws lots, which fall in the order of participant
        numbers here.
        """
        order = sorted(vacancy["undecided"])
        await self.door.post(
            f"{path}/ties",
            who=OFFICER,
            role="officer",
            key=self._key("lots", vacancy["vacancy_id"], *order),
            body={
                "vacancy_id": vacancy["vacancy_id"],
                "order": order,
                "reason": "Undian di hadapan saksi (rekaan)",
            },
        )

    # Applicants and verifiers ---------------------------------------------------------------------

    def _path(self, listing: Listing, *more: str) -> str:
        return "/".join(
            (
                "/applications/vacancies",
                self.round.vacancy_ids[listing.listing_id],
                "applications",
                *more,
            )
        )

    async def register(self) -> None:
        """Everyone applies; for one vacancy in order, as its participant numbers are given in
        order.
        """
        things = [candidate for crowd in self.cast.candidates.values() for candidate in crowd]
        async with self._step("register", len(things)) as done:
            slots = asyncio.Semaphore(AT_ONCE)

            async def queue(crowd: list[Candidate]) -> None:
                for candidate in crowd:
                    async with slots:
                        await self._apply(candidate)
                    done()

            async with asyncio.TaskGroup() as group:
                for crowd in self.cast.candidates.values():
                    group.create_task(queue(crowd))

    async def _apply(self, candidate: Candidate) -> None:
        answer = await self.door.post(
            self._path(candidate.listing),
            who=candidate.subject,
            role="applicant",
            key=self._key("apply", candidate.subject),
            body={
                "education_level": candidate.listing.level,
                "education_programme": candidate.listing.programme,
                "gpa": str(candidate.gpa),
                "birth_date": candidate.birth_date,
                "relevant_experience_months": candidate.experience_months,
            },
        )
        self.round.numbers[candidate.subject] = answer["participant_no"]

    async def verify(self) -> None:
        """Verifiers decide on each; some applicants take theirs back; then registration closes."""
        everyone = [candidate for crowd in self.cast.candidates.values() for candidate in crowd]
        await self._all("verify", everyone, self._decide)
        await self._all(
            "withdraw",
            [candidate for candidate in everyone if self._withdrew(candidate)],
            self._withdraw,
        )
        async with self._step("close registration", 1):
            await self.door.post(
                f"/applications/rounds/{self.round.round_id}/registration/close",
                who=OFFICER,
                role="officer",
                key=self._key("registration"),
            )
        for listing_id, crowd in self.cast.candidates.items():
            self.round.verified[listing_id] = [
                Sat(self.round.numbers[candidate.subject], candidate, candidate.withdraws)
                for candidate in crowd
                if candidate.meets_requirements
            ]

    @staticmethod
    def _withdrew(candidate: Candidate) -> bool:
        return candidate.meets_requirements and candidate.withdraws

    async def _decide(self, candidate: Candidate) -> None:
        decision: dict[str, Any] = {"decision": "MS"}
        if not candidate.meets_requirements:
            decision = {
                "decision": "TMS",
                "reasons": ["diploma-does-not-match"],
                "note": "Ijazah tidak sesuai (rekaan)",
            }
        await self.door.post(
            self._path(candidate.listing, self.round.numbers[candidate.subject], "verification"),
            who=VERIFIER,
            role="verifier",
            key=self._key("verify", candidate.subject),
            body=decision,
        )

    async def _withdraw(self, candidate: Candidate) -> None:
        await self.door.post(
            self._path(candidate.listing, self.round.numbers[candidate.subject], "withdrawal"),
            who=candidate.subject,
            role="applicant",
            key=self._key("withdraw", candidate.subject),
        )

    # Examiners and proctors -----------------------------------------------------------------------

    async def _schedule(self, stage: str, site: str, listings: list[Listing]) -> str:
        answer = await self.door.post(
            "/exams/sittings",
            who=OFFICER,
            role="officer",
            key=self._key(stage, site),
            body={
                "round_id": self.round.round_id,
                "stage": stage,
                "site": site,
                "starts_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
                "vacancy_ids": [self.round.vacancy_ids[listing.listing_id] for listing in listings],
            },
            waits=True,
        )
        return str(answer["sitting_id"])

    async def _record(
        self, sitting: str, what: str, body: dict[str, Any], role: str = "examiner"
    ) -> None:
        await self.door.post(
            f"/exams/sittings/{sitting}/{what}",
            who={"examiner": EXAMINER, "proctor": PROCTOR, "officer": OFFICER}[role],
            role=role,
            key=self._key(sitting, what, body["participant_no"]),
            body=body,
            waits=True,
        )

    async def _import(
        self, sitting: str, header: Sequence[str], rows: list[tuple[object, ...]]
    ) -> None:
        if rows:
            await self.door.post(
                f"/exams/sittings/{sitting}/scores/import",
                who=EXAMINER,
                role="examiner",
                key=self._key(sitting, "import"),
                csv=text_csv(("participant_no", *header), rows),
                waits=True,
            )

    async def _close(self, sitting: str) -> None:
        await self.door.post(
            f"/exams/sittings/{sitting}/close",
            who=OFFICER,
            role="officer",
            key=self._key(sitting, "close"),
            waits=True,
        )

    def _sites(self) -> list[tuple[str, list[Listing]]]:
        """One site for each agency, and one of its own for the contested vacancy, scored one by
        one.
        """
        agencies = sorted({listing.agency for listing in self.cast.listings})
        hot = self.cast.hot
        sites = [
            (
                agency,
                [
                    listing
                    for listing in self.cast.listings
                    if listing.agency == agency and listing != hot
                ],
            )
            for agency in agencies
        ]
        return [
            (hot.unit_path[:200], [hot]),
            *((site, listings) for site, listings in sites if listings),
        ]

    def _present(self, listings: list[Listing]) -> list[Sat]:
        return [
            sat
            for listing in listings
            for sat in self.round.verified[listing.listing_id]
            if not sat.withdrawn
        ]

    async def sit_skd(self) -> None:
        """The first stage: one site records one by one, the others send files; absences,
        disqualifications, corrections.
        """
        sites = self._sites()
        people = sum(len(self._present(listings)) for _, listings in sites)
        async with self._step("SKD", people) as done, asyncio.TaskGroup() as group:
            for site, listings in sites:
                group.create_task(self._skd_at(site, listings, done))

    async def _skd_at(self, site: str, listings: list[Listing], done: Callable[[], None]) -> None:
        sitting = await self._schedule("skd", site, listings)
        people = self._present(listings)
        first = {
            sat.participant_no: sat.candidate.skd_first_recorded or sat.candidate.skd
            for sat in people
        }
        came = [
            (sat, points) for sat in people if (points := first[sat.participant_no]) is not None
        ]
        if listings == [self.cast.hot]:
            for sat, points in came:
                await self._record(
                    sitting,
                    "scores",
                    {
                        "participant_no": sat.participant_no,
                        "points": {code: str(value) for code, value in points.items()},
                    },
                )
                done()
        else:
            await self._import(
                sitting,
                (TWK, TIU, TKP),
                [
                    (sat.participant_no, points[TWK], points[TIU], points[TKP])
                    for sat, points in came
                ],
            )
        for sat in people:
            candidate = sat.candidate
            body: dict[str, Any] = {"participant_no": sat.participant_no}
            if candidate.skd is None:
                await self._record(sitting, "absences", body, "proctor")
                continue
            if candidate.skd_first_recorded is not None:
                right = {code: str(value) for code, value in candidate.skd.items()}
                await self._record(
                    sitting,
                    "corrections",
                    {**body, "points": right, "reason": "Salah baca (rekaan)"},
                )
            if candidate.disqualified:
                await self._record(
                    sitting,
                    "disqualifications",
                    {**body, "reason": "Membawa ponsel (rekaan)"},
                    "proctor",
                )
        await self._close(sitting)

    async def sit_skb(self) -> None:
        """The second stage, for who was shortlisted."""
        admitted: dict[str, set[str]] = {}
        async with self._step("shortlists", len(self.cast.listings)) as done:
            for listing in self.cast.listings:
                path = f"/ranking/vacancies/{self.round.vacancy_ids[listing.listing_id]}/standings"
                admitted[listing.listing_id] = {
                    line["participant_no"]
                    async for line in self.items(path, list="skd")
                    if line["code"] == "P/L"
                }
                done()
        sites = [
            (site, [listing for listing in listings if admitted[listing.listing_id]])
            for site, listings in self._sites()
        ]
        async with (
            self._step("SKB", sum(map(len, admitted.values()))),
            asyncio.TaskGroup() as group,
        ):
            for site, listings in sites:
                if listings:
                    people = [
                        sat
                        for sat in self._present(listings)
                        if sat.participant_no in admitted[sat.candidate.listing.listing_id]
                    ]
                    group.create_task(self._skb_at(site, listings, people))

    async def _skb_at(self, site: str, listings: list[Listing], people: list[Sat]) -> None:
        sitting = await self._schedule("skb", site, listings)
        rows: list[tuple[object, ...]] = [
            (sat.participant_no, sat.candidate.skb[SKB])
            for sat in people
            if sat.candidate.skb is not None
        ]
        await self._import(sitting, (SKB,), rows)
        for sat in people:
            if sat.candidate.skb is None:
                await self._record(
                    sitting, "absences", {"participant_no": sat.participant_no}, "proctor"
                )
        await self._close(sitting)

    # Citizens -------------------------------------------------------------------------------------

    async def complain(self) -> None:
        """Citizens complain, an officer answers some."""

        async def file(complaint: Any) -> None:
            answer = await self.door.post(
                "/feedback/complaints",
                who=f"demo-citizen-{complaint.number}" if complaint.named else None,
                role="applicant",
                key=self._key("complaint", complaint.number),
                body={
                    "unit_id": complaint.unit_id,
                    "category": complaint.category,
                    "text": complaint.text,
                    "place": "Loket 1",
                },
                waits=True,
            )
            self.round.complaints += 1
            if complaint.resolved:
                await self.door.post(
                    f"/feedback/complaints/{answer['complaint_id']}/resolution",
                    who=OFFICER,
                    role="officer",
                    key=self._key("resolution", complaint.number),
                    body={"outcome": "upheld", "text": "Sudah ditindaklanjuti (rekaan)."},
                )

        await self._all("complaints", self.cast.complaints, file)

    # What came out --------------------------------------------------------------------------------

    async def lists(self) -> list[tuple[str, str, str, str, str, str]]:
        """Every line of every fixed list, in the order of the file: vacancy, stage, rank, number."""
        rows: list[tuple[str, str, str, str, str, str]] = []
        async with self._step("read the lists", 2 * len(self.cast.listings)) as done:
            for listing in self.cast.listings:
                path = f"/ranking/vacancies/{self.round.vacancy_ids[listing.listing_id]}/standings"
                for stage in ("skd", "final"):
                    rows.extend(
                        [
                            (
                                listing.listing_id,
                                stage,
                                str(line["rank"] or ""),
                                line["participant_no"],
                                "" if line["score"] is None else str(Decimal(line["score"])),
                                line["code"],
                            )
                            async for line in self.items(path, list=stage)
                        ]
                    )
                    done()
        return rows
