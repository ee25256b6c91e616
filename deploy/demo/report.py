"""What a demonstration leaves behind and shows: two files, and a few tables for a person."""

import csv
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.demonstration import Demonstration
from deploy.demo.event_counter import EventCounter
from deploy.demo.people import Listing
from deploy.demo.recompute import Row, final_list, skd_list

OPERATOR = "demo-operator"
SERVICES = ("applications", "exams", "ranking", "feedback")
HEADER = ("vacancy_id", "stage", "rank", "participant_no", "score", "code")
SHOWN = 10
"""Lines of the contested list that are shown."""


def in_order(rows: list[Row]) -> list[Row]:
    """By vacancy, stage, rank and number, those without a rank last; however lines came to be."""
    stages = ("skd", "final")
    return sorted(
        rows, key=lambda row: (row[0], stages.index(row[1]), row[2] == "", int(row[2] or 0), row[3])
    )


def recomputed(demo: Demonstration) -> list[Row]:
    """All lists from what was sent, by the independent recomputation."""
    rows: list[Row] = []
    for listing in demo.people.listings:
        verified = demo.verified[listing.listing_id]
        first, shortlisted = skd_list(listing.listing_id, listing.seats, verified)
        rows += [*first, *final_list(listing.listing_id, listing.seats, shortlisted)]
    return in_order(rows)


def write_standings(path: Path, rows: list[Row]) -> None:
    """The lists as CSV; `vacancy_id` is the vacancy's id on the national portal."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


async def write_report(
    path: Path, demo: Demonstration, counter: EventCounter, *, equal: bool
) -> dict[str, Any]:
    """Events as seen on Kafka, rows of every table, seconds of every step; gives what it wrote."""
    rows = {
        service: (await demo.client.get(f"/{service}/operations", who=OPERATOR, role="operator"))[
            "rows"
        ]
        for service in SERVICES
    }
    report = {
        "events": dict(sorted(counter.events.items())),
        "rows": rows,
        "seconds": demo.seconds,
        "seats": demo.seats,
        "recomputation_equal": equal,
        "round_id": demo.round_id,
        "retries": demo.client.retries,
    }
    path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return report


def first_difference(published: list[Row], expected: list[Row]) -> str:
    """Where the published and the recomputed lists part, in words."""
    for ours, theirs in zip(published, expected, strict=False):
        if ours != theirs:
            return f"published {','.join(ours)}, recomputed {','.join(theirs)}"
    return f"published {len(published)} lines, recomputed {len(expected)}"


async def show(
    console: Console, demo: Demonstration, report: dict[str, Any], rows: list[Row], url: str
) -> None:
    """Print the round in figures, the contested vacancy, a candidate's place, the flagged units."""
    console.print(_figures(demo, report["events"]))
    listing = demo.people.contested
    vacancy_id = demo.vacancy_ids[listing.listing_id]
    final = [row for row in rows if row[0] == listing.listing_id and row[1] == "final"]
    console.print(_contested(listing, len(demo.people.applicants[listing.listing_id]), final))
    if final:
        number = final[min(listing.seats, len(final) - 1)][3]
        place = await demo.client.get(f"/ranking/vacancies/{vacancy_id}/candidates/{number}")
        console.print(_place_in_words(place))
    console.print(_seats_in_words(report["seats"]))
    console.print(await _flagged_units(demo))
    documentation = " · ".join(f"{url}/{service}/docs" for service in SERVICES)
    console.print(
        f"Look at: {url}/ranking/vacancies/{vacancy_id} (live standings) · "
        f"{url}/ranking/vacancies/{vacancy_id}/seats.html (its seats) · {documentation}"
    )


def _figures(demo: Demonstration, events: dict[str, int]) -> Table:
    table = Table(
        "the round in figures", "", title=f"{demo.round_id}: real vacancies, made-up people"
    )
    for event, count in events.items():
        table.add_row(f"{event} on Kafka", f"{count:,}")
    table.add_row("seconds in all", f"{sum(demo.seconds.values()):.1f}")
    return table


def _contested(listing: Listing, applicants: int, final: list[Row]) -> Table:
    title = f"{listing.post}: {applicants} people for {listing.seats} seats (final list)"
    table = Table("rank", "participant", "score", "code", title=title)
    for row in final[:SHOWN]:
        table.add_row(row[2], row[3], row[4], row[5])
    return table


async def _flagged_units(demo: Demonstration) -> Table:
    table = Table(
        "unit", "needs", "complaints", "per 1,000", "province", "sure", title="flagged units"
    )
    async for unit in demo.client.items("/feedback/units", flagged="true"):
        for flag in unit["flags"]:
            figures = flag["figures"]
            table.add_row(
                unit["path"],
                flag["kind"],
                str(figures["complaints"]),
                figures["unit_rate"],
                figures["province_rate"],
                figures["probability"],
            )
    return table


def _seats_in_words(seats: dict[str, int]) -> str:
    return (
        f"Seats after the lists: given up {seats['given_up']}, offered {seats['offered']}, "
        f"accepted {seats['accepted']}, declined {seats['declined']}, "
        f"left empty with nobody to ask {seats['left_empty']}."
    )


def _place_in_words(place: dict[str, Any]) -> str:
    """One candidate's place as a person would tell it."""
    gates = ", ".join(
        f"{gate['of']} {gate['points']} (at least {gate['minimum']})" for gate in place["gates"]
    )
    neighbours = [
        f"{where} {other['participant_no']} with {other['score']}"
        for where in ("above", "below")
        if (other := place[where]) is not None
    ]
    return (
        f"One candidate's place: {place['participant_no']} is number {place['rank']} with "
        f"{place['score']}, code {place['code']}; passed {gates}; {place['above_the_cut']} from "
        f"the cut at {place['cut']['score']}; {', '.join(neighbours)}."
    )
