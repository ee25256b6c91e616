"""Plays histories, prints the first that fail and the figures.

python -m tests.fault.simulator --histories 20000 --seed 1
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter

from tests.fault.simulator.history import Outcome, play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.simulator", description=__doc__)
    parser.add_argument("--histories", type=int, default=2000, help="how many, from --seed on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--off", action="append", default=[], help="a rule to switch off; see README.md"
    )
    parser.add_argument(
        "--force",
        action="append",
        default=[],
        help="a fault that befalls each history; see history.py",
    )
    parser.add_argument("--trace", action="store_true", help="print one history, step by step")
    arguments = parser.parse_args()
    off, forced = frozenset(arguments.off), frozenset(arguments.force)
    if arguments.trace:
        outcome = play(arguments.seed, off, forced, trace=True)
        print("\n".join(outcome.lines))
        show(outcome)
        return bool(outcome.violations)
    began = time.perf_counter()
    outcomes = campaign(
        arguments.seed, arguments.histories, off, forced, processes=arguments.processes
    )
    seconds = time.perf_counter() - began
    bad = [outcome for outcome in outcomes if outcome.violations]
    for outcome in bad[:10]:
        show(outcome)
    steps = sum(outcome.steps for outcome in outcomes)
    print(
        f"{len(outcomes):,} histories, {steps:,} steps,"
        f" {sum(outcome.stated for outcome in outcomes):,} events stated, "
        f"{sum(outcome.stops > 0 for outcome in outcomes):,} histories with a stop, {len(bad):,}"
        " with a violation; "
        f"{seconds:.1f} s, {1000 * seconds * arguments.processes / len(outcomes):.1f} ms of a"
        " core each"
    )
    print(
        "faults: "
        + ", ".join(
            f"{kind} {n:,}"
            for kind, n in Counter(f for o in outcomes for f in o.faults).most_common()
        )
    )
    return bool(bad)


def campaign(
    seed: int,
    histories: int,
    off: frozenset[str] = frozenset(),
    forced: frozenset[str] = frozenset(),
    *,
    processes: int = 1,
) -> list[Outcome]:
    """Plays them on several cores; the result does not depend on how many."""
    jobs = [(n, off, forced) for n in range(seed, seed + histories)]
    if processes == 1:
        return [play(*job) for job in jobs]
    with multiprocessing.Pool(processes) as pool:
        return pool.starmap(play, jobs, chunksize=25)


def show(outcome: Outcome) -> None:
    print(
        f"seed {outcome.seed}, {outcome.steps} steps, faults: {', '.join(outcome.faults) or 'none'}"
    )
    for violation in outcome.violations or ["nothing is wrong"]:
        print(f"    {violation}")


if __name__ == "__main__":
    sys.exit(main())
