"""Participants sit the two tests: sittings are scheduled, scored and closed, site by site."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from deploy.demo.client import csv_text
from deploy.demo.demonstration import EXAMINER, OFFICER, PROCTOR, Demonstration, Person
from deploy.demo.people import SKB, TIU, TKP, TWK, Listing, Points
from deploy.demo.recompute import Participant

SITE_CHARACTERS = 200
"""As many as exams takes for the name of a site."""


async def sit_skd(demo: Demonstration) -> None:
    """The basic test: one site records one by one, the others send files."""
    sites = _sites(demo)
    total = sum(len(_present(demo, listings)) for _, listings in sites)
    async with demo.step("SKD", total) as done, asyncio.TaskGroup() as group:
        for site, listings in sites:
            group.create_task(_sit_skd_at(demo, site, listings, done))


async def sit_skb(demo: Demonstration) -> None:
    """The field test, for those who were shortlisted."""
    shortlisted = await _shortlisted(demo)
    total = sum(map(len, shortlisted.values()))
    async with demo.step("SKB", total), asyncio.TaskGroup() as group:
        for site, listings in _sites(demo):
            tested = [listing for listing in listings if shortlisted[listing.listing_id]]
            if tested:
                people = [
                    participant
                    for participant in _present(demo, tested)
                    if participant.participant_no
                    in shortlisted[participant.applicant.listing.listing_id]
                ]
                group.create_task(_sit_skb_at(demo, site, tested, people))


def _sites(demo: Demonstration) -> list[tuple[str, list[Listing]]]:
    """One site for each agency, and one for the contested vacancy alone, scored one by one."""
    contested = demo.people.contested
    by_agency: dict[str, list[Listing]] = {}
    for listing in demo.people.listings:
        if listing != contested:
            by_agency.setdefault(listing.agency, []).append(listing)
    return [(contested.unit_path[:SITE_CHARACTERS], [contested]), *sorted(by_agency.items())]


def _present(demo: Demonstration, listings: list[Listing]) -> list[Participant]:
    """The verified participants of these vacancies who haven't withdrawn."""
    return [
        participant
        for listing in listings
        for participant in demo.verified[listing.listing_id]
        if not participant.withdrawn
    ]


async def _shortlisted(demo: Demonstration) -> dict[str, set[str]]:
    """Participant numbers of those whom the first list lets go on, by listing id."""
    shortlisted: dict[str, set[str]] = {}
    async with demo.step("shortlists", len(demo.people.listings)) as done:
        for listing in demo.people.listings:
            path = f"/ranking/vacancies/{demo.vacancy_ids[listing.listing_id]}/standings"
            shortlisted[listing.listing_id] = {
                line["participant_no"]
                async for line in demo.client.items(path, list="skd")
                if line["code"] == "P/L"
            }
            done()
    return shortlisted


async def _sit_skd_at(
    demo: Demonstration, site: str, listings: list[Listing], done: Callable[[], None]
) -> None:
    sitting = await _schedule(demo, "skd", site, listings)
    people = _present(demo, listings)
    if listings == [demo.people.contested]:
        for participant in people:
            if points := _first_recorded(participant):
                body = {"participant_no": participant.participant_no, "points": _texts(points)}
                await _record(demo, EXAMINER, sitting, "scores", body)
                done()
    else:
        rows = [
            (participant.participant_no, points[TWK], points[TIU], points[TKP])
            for participant in people
            if (points := _first_recorded(participant))
        ]
        await _import_scores(demo, sitting, (TWK, TIU, TKP), rows)
    for participant in people:
        await _amend_skd(demo, sitting, participant)
    await _close(demo, sitting)


def _first_recorded(participant: Participant) -> Points | None:
    """The points of the basic test as they are recorded first, before a mistake is corrected."""
    return participant.applicant.skd_first_recorded or participant.applicant.skd


async def _amend_skd(demo: Demonstration, sitting: str, participant: Participant) -> None:
    """What is said of a participant beside the scores: absent, corrected, disqualified."""
    applicant = participant.applicant
    body: dict[str, Any] = {"participant_no": participant.participant_no}
    if applicant.skd is None:
        await _record(demo, PROCTOR, sitting, "absences", body)
        return
    if applicant.skd_first_recorded is not None:
        correction = {"points": _texts(applicant.skd), "reason": "Salah baca (rekaan)"}
        await _record(demo, EXAMINER, sitting, "corrections", body | correction)
    if applicant.disqualified:
        await demo.decide(
            f"/exams/sittings/{sitting}/disqualifications",
            sitting,
            body["participant_no"],
            proposer=PROCTOR,
            body=body | {"reason": "Membawa ponsel (rekaan)"},
            waits=True,
        )


async def _sit_skb_at(
    demo: Demonstration, site: str, listings: list[Listing], people: list[Participant]
) -> None:
    sitting = await _schedule(demo, "skb", site, listings)
    rows = [
        (participant.participant_no, participant.applicant.skb[SKB])
        for participant in people
        if participant.applicant.skb is not None
    ]
    await _import_scores(demo, sitting, (SKB,), rows)
    for participant in people:
        if participant.applicant.skb is None:
            body = {"participant_no": participant.participant_no}
            await _record(demo, PROCTOR, sitting, "absences", body)
    await _close(demo, sitting)


async def _schedule(demo: Demonstration, stage: str, site: str, listings: list[Listing]) -> str:
    """The id of a new sitting of these vacancies."""
    answer = await demo.command(
        OFFICER,
        "/exams/sittings",
        stage,
        site,
        body={
            "round_id": demo.round_id,
            "stage": stage,
            "site": site,
            "starts_at": (await demo.client.now()).replace(microsecond=0).isoformat(),
            "vacancy_ids": [demo.vacancy_ids[listing.listing_id] for listing in listings],
        },
        waits=True,
    )
    return str(answer["sitting_id"])


async def _record(
    demo: Demonstration, who: Person, sitting: str, kind: str, body: dict[str, Any]
) -> None:
    """One person's scores, absences or corrections."""
    path = f"/exams/sittings/{sitting}/{kind}"
    await demo.command(who, path, sitting, kind, body["participant_no"], body=body, waits=True)


async def _import_scores(
    demo: Demonstration,
    sitting: str,
    components: Sequence[str],
    rows: Sequence[tuple[object, ...]],
) -> None:
    if rows:
        await demo.command(
            EXAMINER,
            f"/exams/sittings/{sitting}/scores/import",
            sitting,
            "import",
            csv=csv_text(("participant_no", *components), rows),
            waits=True,
        )


async def _close(demo: Demonstration, sitting: str) -> None:
    await demo.command(OFFICER, f"/exams/sittings/{sitting}/close", sitting, "close", waits=True)


def _texts(points: Points) -> dict[str, str]:
    """Points as they stand in JSON."""
    return {component: str(value) for component, value in points.items()}
