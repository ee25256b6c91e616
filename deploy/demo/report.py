"""What a demonstration leaves behind and what it shows: two files, and a few tables for a person."""

import csv
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.door import Door
from deploy.demo.people import Cast
from deploy.demo.play import Play
from deploy.demo.recompute import Row, final_list, skd_list
from deploy.demo.watch import Watcher

OPERATOR = "demo-operator"
SERVICES = ("applications", "exams", "ranking", "feedback")
HEADER = ("vacancy_id", "stage", "rank", "participant_no", "score", "code")


def in_order(rows: list[Row]) -> list[Row]:
    """By vacancy, stage, rank and number, those without a rank last: nothing hangs on when a line
    was made.
    """
    stages = ("skd", "final")
    return sorted(
        rows, key=lambda row: (row[0], stages.index(row[1]), row[2] == "", int(row[2] or 0), row[3])
    )


def recomputed(cast: Cast, play: Play) -> list[Row]:
    """All lists from what was sent, by the independent account."""
    rows: list[Row] = []
    for listing in cast.listings:
        first, through = skd_list(
            listing.listing_id, listing.seats, play.round.verified[listing.listing_id]
        )
        rows += [*first, *final_list(listing.listing_id, listing.seats, through)]
    return in_order(rows)


def write_standings(path: Path, rows: list[Row]) -> None:
    """The lists as CSV; `vacancy_id` is the id under which the national portal lists the vacancy."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


async def write_report(
    path: Path, door: Door, play: Play, watcher: Watcher, *, equal: bool
) -> dict[str, Any]:
    """Events as seen on Kafka for this round, rows of every table, seconds of every step; gives
    what it wrote.
    """
    rows = {
        service: (await door.get(f"/{service}/operations", who=OPERATOR, role="operator"))["rows"]
        for service in SERVICES
    }
    report = {
        "events": dict(sorted(watcher.events.items())),
        "rows": rows,
        "seconds": play.round.seconds,
        "seats": play.round.seats,
        "recomputation_equal": equal,
        "round_id": play.round.round_id,
        "retries": door.retries,
    }
    path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return report


def first_difference(published: list[Row], expected: list[Row]) -> str:
    """Where two accounts part, in words."""
    for ours, theirs in zip(published, expected, strict=False):
        if ours != theirs:
            return f"published {','.join(ours)}, recomputed {','.join(theirs)}"
    return f"published {len(published)} lines, recomputed {len(expected)}"


async def show(
    console: Console,
    door: Door,
    cast: Cast,
    play: Play,
    report: dict[str, Any],
    rows: list[Row],
    url: str,
) -> None:
    """The round in figures, the contested vacancy, one candidate's place, the flagged units, and
    where to look.
    """
    figures = Table(
        "the round in figures", "", title=f"{play.round.round_id}: real vacancies, made-up people"
    )
    for event, count in report["events"].items():
        figures.add_row(f"{event} on Kafka", f"{count:,}")
    figures.add_row("seconds in all", f"{sum(play.round.seconds.values()):.1f}")
    console.print(figures)

    hot = cast.hot
    vacancy_id = play.round.vacancy_ids[hot.listing_id]
    final = [row for row in rows if row[0] == hot.listing_id and row[1] == "final"]
    crowd = len(cast.candidates[hot.listing_id])
    contested = Table(
        "rank",
        "participant",
        "score",
        "code",
        title=f"{hot.post}: {crowd} people for {hot.seats} seats (final list)",
    )
    for row in final[:10]:
        contested.add_row(row[2], row[3], row[4], row[5])
    console.print(contested)
    if final:
        one = final[min(hot.seats, len(final) - 1)]
        place = await door.get(f"/ranking/vacancies/{vacancy_id}/candidates/{one[3]}")
        console.print(_place_in_words(place))

    seats = report["seats"]
    console.print(
        f"Seats after the lists: given up {seats['given_up']}, offered {seats['offered']}, accepted {seats['accepted']}, "
        f"declined {seats['declined']}, left empty with nobody to ask {seats['left_empty']}."
    )

    flagged = Table(
        "unit", "needs", "complaints", "per 1,000", "province", "sure", title="flagged units"
    )
    async for unit in play.items("/feedback/units", flagged="true"):
        for flag in unit["flags"]:
            of = flag["figures"]
            flagged.add_row(
                unit["path"],
                flag["kind"],
                str(of["complaints"]),
                of["unit_rate"],
                of["province_rate"],
                of["probability"],
            )
    console.print(flagged)
    console.print(
        f"Look at: {url}/ranking/vacancies/{vacancy_id} (live standings) · {url}/ranking/vacancies/{vacancy_id}/seats.html (its seats) · "
        + " · ".join(f"{url}/{service}/docs" for service in SERVICES)
    )


def _place_in_words(place: dict[str, Any]) -> str:
    """One candidate's place as a person would tell it."""
    gates = ", ".join(
        f"{gate['of']} {gate['points']} (at least {gate['minimum']})" for gate in place["gates"]
    )
    between = [
        f"{where} {other['participant_no']} with {other['score']}"
        for where in ("above", "below")
        if (other := place[where]) is not None
    ]
    return (
        f"One candidate's place: {place['participant_no']} is number {place['rank']} with {place['score']}, code {place['code']}; "
        f"passed {gates}; {place['above_the_cut']} from the cut at {place['cut']['score']}; {', '.join(between)}."
    )
