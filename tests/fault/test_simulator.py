"""The messaging rules under a random scheduler.

They hold, and the oracle catches each of them when it is switched off.
"""

import os

import pytest

from tests.fault.simulator.__main__ import campaign
from tests.fault.simulator.history import play

HISTORIES = int(os.environ.get("TERANG_TEST_HISTORIES", "2000"))
PATIENCE = 400
"""Seeds from the given one on within which a switched-off rule must be caught."""

STOP, LOST, TWICE = "unjustified stop", "took no effect", "took effect 2 times"
HIDDEN, STILL = "behind the forged event", "stands still after what its remedy names"

# What is switched off: (the faults that befall each history, the first seed to try, what the oracle
# says).
OFF = {
    "1": ("", 1, "stands too late"),
    "3-uncommitted": ("", 1, STOP),
    "3-sequence": ("", 1, "follows"),
    "4-id-order": ("refused batches,doubtful commits", 1, "follows"),
    "4-pipelined": ("", 1, STOP),
    "5": ("power cut", 1, "follows"),
    "5-connects-late": ("power cut", 1, "jumps from number"),
    "7": ("", 1, "not on"),
    "7-unasked": ("sigstop,backend", 100, STOP),
    "10-no-cas": ("foreign,rebalance", 1, "rejected 2 times"),
    "10-no-seek": ("rebalance", 1, "never came to rest"),
    "10-seek-one": ("rebalance,sigstop,backend", 1, "never came to rest"),
    "11-repeats": ("", 1, TWICE),
    "11-gaps,7": ("power cut", 1, LOST),
    "11-stuck": ("poison", 1, STOP),
    "13": ("rebalance", 1, "never decided"),
    "14-memory": ("", 1, "the last that was stated of it tells"),
    "14-random-id": ("restore r", 80, "was decided 2 times"),
    "15": ("restore r,topic anew", 1, "never came to rest"),
    "15-early": ("topic anew,purge,rebalance,kill", 600, LOST),
    "16": ("poison", 1, "was decided on"),
    "18-republish": ("poison", 1, LOST),
    "18-two-transactions": ("poison,kill,backend,replay", 1, TWICE),
    "18-reject": ("poison", 1, "holds number"),
    "20-behind": ("rebuild", 1, LOST),
    "20-ahead": ("rebuild", 1, TWICE),
    "20-dead": ("rebuild,poison", 1, TWICE),
    "21-zombies": ("restore a,sigstop,late batches", 70, "stands for two events"),
    "21-undrained": ("restore a,sigstop,late batches", 70, "stands for two events"),
    "21-numbers": ("restore a", 1, "under two numbers"),
    "21-import": ("restore r,kill,sigstop", 100, "under two numbers"),
    "22": ("foreign", 1, STOP),
    "23-relay": ("forged", 1, HIDDEN),
    "23-skip": ("forged", 1, HIDDEN),
    "24-relay": ("forged", 1, STILL),
    "24-position": ("forged", 1, STILL),
    "24-rebuild": ("forged", 1, "were not undone"),
    "24-stale": ("forged,rebalance,sigstop", 100, "was never stated"),
}


def test_histories_are_clean() -> None:
    """Whatever dies at whatever step, each event takes effect once and in order.

    Or a justified stop says why not.
    """
    outcomes = campaign(1, HISTORIES, processes=2)
    bad = {outcome.seed: outcome.violations for outcome in outcomes if outcome.violations}
    assert not bad, (
        f"replay one with: python -m tests.fault.simulator --trace --seed {min(bad)}\n{bad}"
    )
    assert sum(outcome.stated for outcome in outcomes) > 20 * HISTORIES


def test_a_seed_is_one_history() -> None:
    """A failing seed can be replayed: the same steps, the same trace."""
    first, second = play(7, trace=True), play(7, trace=True)
    assert first == second
    assert len(first.lines) > 20


@pytest.mark.parametrize("rule", OFF)
def test_a_rule_that_is_off_is_caught(rule: str) -> None:
    """Without the rule the oracle finds fault within a bounded number of seeds.

    With it, it finds none in the same history.
    """
    faults, first, says = OFF[rule]
    forced = frozenset(faults.split(",")) if faults else frozenset()
    for seed in range(first, first + PATIENCE):
        found = play(seed, frozenset(rule.split(",")), forced).violations
        if any(says in violation for violation in found):
            assert play(seed, forced=forced).violations == []
            return
    pytest.fail(f"nothing was found in {PATIENCE} histories without {rule}")
