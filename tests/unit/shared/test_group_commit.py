"""Groups of what is asked for at once."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.postgres.group_commit import MOST, GroupCommit


async def test_what_comes_meanwhile_is_one_group() -> None:
    """The first goes alone; those who ask while it is under way go together, no more than MOST;
    each gets its own answer.
    """
    groups: list[int] = []
    go_on = asyncio.Event()

    async def take_in(group: Sequence[int]) -> list[int]:
        groups.append(len(group))
        await go_on.wait()
        return [asked * 2 for asked in group]

    commit = GroupCommit(take_in)
    first = asyncio.create_task(commit.ask(0))
    while not groups:
        await asyncio.sleep(0)
    others = [asyncio.create_task(commit.ask(n)) for n in range(1, MOST + 3)]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(first, *others) == [2 * n for n in range(MOST + 3)]
    assert groups == [1, MOST, 2]


async def test_nobody_is_answered_before_the_group_is_taken_in() -> None:
    """However long its transaction takes."""
    go_on = asyncio.Event()

    async def take_in(group: Sequence[int]) -> list[int]:
        await go_on.wait()
        return list(group)

    commit = GroupCommit(take_in)
    asked = [asyncio.create_task(commit.ask(n)) for n in range(3)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert not any(task.done() for task in asked)
    go_on.set()
    assert await asyncio.gather(*asked) == [0, 1, 2]


async def test_a_group_that_fails_fails_alone() -> None:
    """Each of it learns why; who asks next is taken in. Whoever went away holds up nobody."""
    fail = True

    async def take_in(group: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        if fail:
            raise ValueError("away")
        return list(group)

    commit = GroupCommit(take_in)
    gone = asyncio.create_task(commit.ask(9))
    failed = await asyncio.gather(commit.ask(1), commit.ask(2), return_exceptions=True)
    assert [str(error) for error in failed] == ["away", "away"]
    with pytest.raises(ValueError, match="away"):
        await gone
    fail = False
    left = asyncio.create_task(commit.ask(3))
    await asyncio.sleep(0)
    left.cancel()
    assert await commit.ask(4) == 4
