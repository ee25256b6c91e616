"""A consumer that dies between any two instructions: each event takes effect once, in order."""

import asyncio

import pytest

from tests.fault.tally import Stage, exactly_once

INSTANTS = [
    "consumer.begun",
    "consumer.moved",
    "consumer.applied",
    "consumer.kept",
    "consumer.committed",
    "consumer.before-offsets",
]


@pytest.mark.parametrize("instant", INSTANTS)
async def test_killed_between_two_instructions(stage: Stage, instant: str) -> None:
    """The successor of a worker killed here goes on: each event takes effect once.

    It is killed in its second batch; the order stays.
    """
    await stage.log.add(200)
    first = stage.worker(failpoint=f"{instant}:2")
    while first.process.poll() is None:
        await stage.log.add(20)
        await asyncio.sleep(0.1)
    await first.killed()
    stage.worker()
    exactly_once(stage.log.sent, await stage.drained())
