"""Plays chapters of faults against real processes until there were enough, and says what was found.

python -m tests.fault.campaign --faults 1000 --seed 1 --state .terang/campaign
"""

import argparse
import asyncio
import dataclasses
import json
import logging
import math
import signal
import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.fault.campaign.chapter import Chapter
from tests.fault.campaign.faults import BY_NAME

CHAPTER = 40
"""Faults of a chapter; after so many everything comes to rest and is judged."""
LAST_SECONDS = 90.0
"""Kept of the time for the end of a chapter and its judgement."""
console = Console(highlight=False, width=100)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.campaign", description=__doc__)
    parser.add_argument("--faults", type=int, default=100, help="how many in all, earlier runs too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(".terang/campaign"),
        help="folder in which runs add up; a new one begins anew",
    )
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="end by then")
    parser.add_argument("--chapter", type=int, help="play this chapter again, and no other")
    parser.add_argument("--per-chapter", type=int, default=CHAPTER, help="faults of a chapter")
    parser.add_argument(
        "--only", action="append", default=[], choices=sorted(BY_NAME), help="this kind of fault"
    )
    arguments = parser.parse_args()
    # whoever ends this, ends all that was started here
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    deadline = time.monotonic() + 60 * arguments.minutes
    if arguments.chapter is not None:
        told = [_play(arguments, arguments.chapter, arguments.per_chapter, deadline)]
    else:
        told = _go_on(arguments, deadline)
    show(told)
    return any(chapter["findings"] for chapter in told)


def _go_on(arguments: argparse.Namespace, deadline: float) -> list[dict[str, Any]]:
    """Play chapters after those that were judged before, until there were enough."""
    kept = arguments.state / "chapters.jsonl"
    told = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    while (done := sum(chapter["faults"] for chapter in told)) < arguments.faults:
        if time.monotonic() > deadline - LAST_SECONDS:
            console.print(f"The time is over after {done} of {arguments.faults} faults.")
            break
        number = max((chapter["chapter"] for chapter in told), default=0) + 1
        wanted = min(arguments.per_chapter, arguments.faults - done)
        told.append(_play(arguments, number, wanted, deadline))
        with kept.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(told[-1], ensure_ascii=False) + "\n")
    return told


def _play(arguments: argparse.Namespace, number: int, faults: int, deadline: float) -> Any:
    """One chapter, said in a line."""
    chapter = Chapter(
        (arguments.state / f"chapter-{number}").absolute(),
        seed=arguments.seed,
        number=number,
        faults=faults,
        deadline=deadline - LAST_SECONDS,
        only=arguments.only,
    )
    told = asyncio.run(chapter.play())
    console.print(
        f"chapter {number} of seed {arguments.seed}: {told.faults} faults, {told.rounds} rounds,"
        f" {told.answered:,} answers, {told.records:,} records, {told.seconds:.0f} s,"
        f" {len(told.findings)} findings"
    )
    for finding in told.findings:
        console.print(f"  {finding['kind']}: {finding['text']}", markup=False)
    if told.findings:
        console.print(f"  what was left: {arguments.state}/chapter-{number}", markup=False)
    return dataclasses.asdict(told)


def show(told: list[dict[str, Any]]) -> None:
    """The whole campaign as a table: faults by kind and the times to ready after them."""
    counts: Counter[str] = Counter()
    times: dict[str, list[float]] = defaultdict(list)
    for chapter in told:
        for step in chapter["steps"]:
            for fault in step["faults"]:
                counts[fault["kind"]] += 1
                times[fault["kind"]].append(step.get("ready_after", math.inf))
    table = Table("fault", "count", "ready p50 s", "max s", title="Faults, and the times to ready")
    for kind, count in counts.most_common():
        table.add_row(
            kind, str(count), f"{statistics.median(times[kind]):.1f}", f"{max(times[kind]):.1f}"
        )
    found = Counter(finding["kind"] for chapter in told for finding in chapter["findings"])
    stops = sum(len(step["remedies"]) for chapter in told for step in chapter["steps"])
    console.print(table)
    console.print(
        f"{sum(counts.values()):,} faults in {len(told)} chapters;"
        f" {sum(chapter['rounds'] for chapter in told):,} rounds,"
        f" {sum(chapter['answered'] for chapter in told):,} answers,"
        f" {sum(chapter['records'] for chapter in told):,} records; {stops} stops with a remedy;"
        f" lost {found['lost']}, doubled {found['doubled']}, stuck {found['stuck']}"
    )
    odd: Counter[str] = Counter()
    for chapter in told:
        odd.update(chapter["odd"])
    if odd:
        console.print(f"Odd answers, all repeated: {dict(odd)}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
