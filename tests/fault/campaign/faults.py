"""What befalls the platform: drawn from a seed, then done to real processes."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from tests.fault.campaign.platform import APIS, SERVERS, WORKERS, Platform


@dataclass(frozen=True)
class Fault:
    """A fault as it was drawn: what, to whom, for how long, how many seconds after the others."""

    kind: str
    target: str
    seconds: float
    after: float

    @property
    def told(self) -> dict[str, Any]:
        return asdict(self)


Befall = Callable[[Platform, Fault], Awaitable[str]]
"""Does it, and says what was seen."""


async def _kill(platform: Platform, fault: Fault) -> str:
    """kill -9; it is started again after a while, as a supervisor would."""
    platform.kill(fault.target)
    return "killed"


async def _keep_down(platform: Platform, fault: Fault) -> str:
    """kill -9, and away for some seconds."""
    with platform.held_down(fault.target, crash=True):
        await asyncio.sleep(fault.seconds)
    return f"away for {fault.seconds} s"


async def _hold_still(platform: Platform, fault: Fault) -> str:
    """SIGSTOP, and SIGCONT after some seconds."""
    platform.hold_still(fault.target)
    await asyncio.sleep(fault.seconds)
    platform.go_on(fault.target)
    return f"stood still for {fault.seconds} s"


async def _ask_to_end(platform: Platform, fault: Fault) -> str:
    """SIGTERM, as an upgrade does."""
    platform.ask_to_end(fault.target)
    return "asked to end"


async def _second_worker(platform: Platform, fault: Fault) -> str:
    """A second worker comes, partitions are shared out anew, and it goes, killed or by itself."""
    name = f"{fault.target}-2"
    began = time.monotonic()
    process = platform.add(name, replica="2")
    process.start()
    while not (await platform.health(name)).ready and time.monotonic() - began < 30:
        await asyncio.sleep(0.1)
    came = time.monotonic() - began
    await asyncio.sleep(fault.seconds)
    if fault.seconds % 1 < 0.5:
        platform.kill(name)
    platform.remove(name)
    return f"a second worker was ready after {came:.1f} s, and went"


async def _skewed_clock(platform: Platform, fault: Fault) -> str:
    """Its clock is up to an hour ahead for some seconds."""
    ahead = round(fault.seconds * 400)
    platform.clock(fault.target).write_text(str(ahead), "ascii")
    await asyncio.sleep(fault.seconds)
    platform.clock(fault.target).write_text("0", "ascii")
    return f"its clock was {ahead} s ahead"


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how often, to whom, for how long at least and at most."""

    name: str
    befall: Befall
    targets: tuple[str, ...]
    weight: int = 1
    seconds: tuple[float, float] = (0.0, 0.0)


KINDS: tuple[Kind, ...] = (
    Kind("kill worker", _kill, WORKERS, 6),
    Kind("kill api", _kill, APIS, 4),
    Kind("kill server", _kill, SERVERS, 3),
    Kind("server away", _keep_down, SERVERS, 2, (1.0, 6.0)),
    Kind("worker stands still", _hold_still, WORKERS, 3, (1.0, 14.0)),
    Kind("api stands still", _hold_still, APIS, 2, (1.0, 6.0)),
    Kind("server stands still", _hold_still, SERVERS, 3, (1.0, 9.0)),
    Kind("worker asked to end", _ask_to_end, WORKERS, 2),
    Kind("second worker", _second_worker, WORKERS, 2, (0.5, 4.0)),
    Kind("clock ahead", _skewed_clock, WORKERS, 2, (2.0, 9.0)),
)
BY_NAME = {kind.name: kind for kind in KINDS}
MOST_AT_ONCE = 3


def draw(dice: random.Random) -> list[Fault]:
    """One to three faults that befall different processes at about the same time."""
    faults: list[Fault] = []
    for _ in range(dice.choice((1, 1, 2, MOST_AT_ONCE))):
        (kind,) = dice.choices(KINDS, [kind.weight for kind in KINDS])
        target = dice.choice(kind.targets)
        fault = Fault(
            kind.name,
            target,
            round(dice.uniform(*kind.seconds), 2),
            round(dice.uniform(0, 1.5), 2),
        )
        if target not in {other.target for other in faults}:
            faults.append(fault)
    return faults


async def befall(platform: Platform, fault: Fault) -> dict[str, Any]:
    """Do it; gives the fault with what was seen."""
    await asyncio.sleep(fault.after)
    seen = await BY_NAME[fault.kind].befall(platform, fault)
    return fault.told | {"seen": seen}
