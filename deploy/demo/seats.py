"""Seats after the lists: some give theirs up, and who is offered an empty one answers."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from deploy.demo.client import DemoError
from deploy.demo.demonstration import OFFICER, Demonstration, person
from deploy.demo.people import Applicant
from deploy.demo.registration import application_path

SOON_S = 0.2
"""Between two looks at what answers led to: an answer takes about as long from one service to the
other."""

ONE_IN_LEAVES = 4
"""Of one vacancy in so many whoever is first takes another job: otherwise few seats would be empty,
and nobody would be asked."""


async def fill_seats(demo: Demonstration) -> None:
    """Some who have seats leave; offers are made and answered until nobody is left to ask."""
    gave_up = await _give_up(demo)
    path = f"/ranking/rounds/{demo.round_id}/filling"
    begun = await demo.command(OFFICER, path, "filling")
    filling = _Filling(demo, path, gave_up)
    async with demo.step("fill the seats", begun["offered"]) as done:
        await filling.look()
        while not filling.over:
            await filling.answer_offers(done)
            await filling.draw_lots()
            await asyncio.sleep(SOON_S)
            await filling.look()
    demo.seats = filling.seats()


async def _give_up(demo: Demonstration) -> set[str]:
    """The first of the last list of some vacancies leave their seats; gives their numbers."""
    applicants = _by_number(demo)
    first: set[str] = set()
    for listing in [demo.people.contested, *demo.people.listings[::ONE_IN_LEAVES]]:
        path = f"/ranking/vacancies/{demo.vacancy_ids[listing.listing_id]}/standings"
        standings = await demo.client.get(path, list="final", limit=1)
        first |= {line["participant_no"] for line in standings["items"] if line["rank"] == 1}
    async with asyncio.TaskGroup() as group:
        for number in sorted(first):
            applicant = applicants[number]
            command = demo.command(
                person(applicant),
                f"{application_path(demo, applicant)}/selection/decline",
                "give up",
                number,
                waits=True,
            )
            group.create_task(command)
    return first


def _by_number(demo: Demonstration) -> dict[str, Applicant]:
    return {
        demo.participant_numbers[applicant.subject]: applicant for applicant in demo.people.everyone
    }


class _Filling:
    """The filling of empty seats while it goes on; `gave_up` are the numbers of those who left."""

    def __init__(self, demo: Demonstration, path: str, gave_up: set[str]) -> None:
        self._demo = demo
        self._path = path
        self._gave_up = gave_up
        self._applicants = _by_number(demo)
        self._answered: set[str] = set()
        self._deadline = time.monotonic() + self._demo.client.away_s
        self._vacancies: list[dict[str, Any]] = []

    async def look(self) -> None:
        """Read how far it is."""
        items = self._demo.client.items(self._path, who=OFFICER.subject, role=OFFICER.role)
        self._vacancies = [vacancy async for vacancy in items]

    @property
    def _offers(self) -> list[dict[str, Any]]:
        return [offer for vacancy in self._vacancies for offer in vacancy["offers"]]

    @property
    def _tied(self) -> list[dict[str, Any]]:
        """The vacancies where equals wait for a last seat."""
        return [vacancy for vacancy in self._vacancies if vacancy["undecided"]]

    @property
    def over(self) -> bool:
        """Whether nothing is left to answer or to decide, and all who left are known to ranking."""
        known = {number for vacancy in self._vacancies for number in vacancy["gave_up"]}
        return (
            self._gave_up <= known
            and not self._tied
            and all(offer["answer"] for offer in self._offers)
        )

    async def answer_offers(self, done: Callable[[], None]) -> None:
        """Everyone who is asked for the first time answers. Raises DemoError."""
        if time.monotonic() > self._deadline:
            raise DemoError(
                f"The filling of seats stands still with {len(self._answered)} answers given."
            )
        async with asyncio.TaskGroup() as group:
            for offer in self._offers:
                if offer["answer"] is None and offer["offer_id"] not in self._answered:
                    self._answered.add(offer["offer_id"])
                    self._deadline = time.monotonic() + self._demo.client.away_s
                    group.create_task(self._answer(offer, done))

    async def _answer(self, offer: dict[str, Any], done: Callable[[], None]) -> None:
        applicant = self._applicants[offer["participant_no"]]
        await self._demo.command(
            person(applicant),
            f"/applications/vacancies/{offer['applied_for']}/offers/{offer['offer_id']}/answer",
            "answer",
            offer["offer_id"],
            body={"accept": self._demo.people.takes_seat(applicant)},
            waits=True,
        )
        done()

    async def draw_lots(self) -> None:
        """Officers draw lots among equals; here they fall in order of participant numbers."""
        for vacancy in self._tied:
            order = sorted(vacancy["undecided"])
            await self._demo.decide(
                f"{self._path}/ties",
                "lots",
                vacancy["vacancy_id"],
                *order,
                body={
                    "vacancy_id": vacancy["vacancy_id"],
                    "order": order,
                    "reason": "Undian di hadapan saksi (rekaan)",
                },
            )

    def seats(self) -> dict[str, int]:
        """How many were given up, offered, accepted, declined and left empty."""
        answers = [offer["answer"] for offer in self._offers]
        return {
            "given_up": len(self._gave_up),
            "offered": len(answers),
            **{answer: answers.count(answer) for answer in ("accepted", "declined")},
            "left_empty": sum(vacancy["left_empty"] for vacancy in self._vacancies),
        }
