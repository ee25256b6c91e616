"""What befalls the platform: drawn from a seed, then done to real processes."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka.errors import KafkaError

from tests.fault.campaign import destruction, hostile
from tests.fault.campaign.faults_drawn import Fault
from tests.fault.campaign.platform import APIS, SERVERS, WORKERS
from tests.fault.campaign.scene import Scene

Befall = Callable[[Scene, Fault], Awaitable[str]]
"""Does it, and says what was seen."""


async def _kill(scene: Scene, fault: Fault) -> str:
    """kill -9; it is started again after a while, as a supervisor would."""
    scene.platform.kill(fault.target)
    return "killed"


async def _keep_down(scene: Scene, fault: Fault) -> str:
    """kill -9, and away for some seconds."""
    with scene.platform.held_down(fault.target, crash=True):
        await asyncio.sleep(fault.seconds)
    return f"away for {fault.seconds} s"


async def _hold_still(scene: Scene, fault: Fault) -> str:
    """SIGSTOP, and SIGCONT after some seconds."""
    scene.platform.hold_still(fault.target)
    await asyncio.sleep(fault.seconds)
    scene.platform.go_on(fault.target)
    return f"stood still for {fault.seconds} s"


async def _ask_to_end(scene: Scene, fault: Fault) -> str:
    """SIGTERM, as an upgrade does."""
    scene.platform.ask_to_end(fault.target)
    return "asked to end"


async def _second_worker(scene: Scene, fault: Fault) -> str:
    """A second worker comes, partitions are shared out anew, and it goes, killed or by itself."""
    name = f"{fault.target}-2"
    began = time.monotonic()
    process = scene.platform.add(name, replica="2")
    process.start()
    while not (await scene.platform.health(name)).ready and time.monotonic() - began < 30:
        await asyncio.sleep(0.1)
    came = time.monotonic() - began
    await asyncio.sleep(fault.seconds)
    if fault.seconds % 1 < 0.5:
        scene.platform.kill(name)
    scene.platform.remove(name)
    return f"a second worker was ready after {came:.1f} s, and went"


async def _skewed_clock(scene: Scene, fault: Fault) -> str:
    """Its clock is up to an hour ahead for some seconds."""
    ahead = round(fault.seconds * 400)
    scene.platform.clock(fault.target).write_text(str(ahead), "ascii")
    await asyncio.sleep(fault.seconds)
    scene.platform.clock(fault.target).write_text("0", "ascii")
    return f"its clock was {ahead} s ahead"


RESTORED = ("applications", "exams")
"""Services that take all their facts back in from their log. Complaints are not on it before their
day is over; in ranking officers decide again what `terang recover` names, which no round here does.
"""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how often, to whom, for how long at least and at most.

    `alone`: nothing else befalls the platform meanwhile, since what it does would fail.
    """

    name: str
    befall: Befall
    targets: tuple[str, ...]
    weight: int = 1
    seconds: tuple[float, float] = (0.0, 0.0)
    alone: bool = False


KINDS: tuple[Kind, ...] = (
    Kind("kill worker", _kill, WORKERS, 12),
    Kind("kill api", _kill, APIS, 8),
    Kind("kill server", _kill, SERVERS, 6),
    Kind("server away", _keep_down, SERVERS, 4, (1.0, 6.0)),
    Kind("worker stands still", _hold_still, WORKERS, 6, (1.0, 14.0)),
    Kind("api stands still", _hold_still, APIS, 4, (1.0, 6.0)),
    Kind("server stands still", _hold_still, SERVERS, 6, (1.0, 9.0)),
    Kind("worker asked to end", _ask_to_end, WORKERS, 4),
    Kind("second worker", _second_worker, WORKERS, 4, (0.5, 4.0)),
    Kind("clock ahead", _skewed_clock, WORKERS, 4, (2.0, 9.0)),
    Kind("foreign records", hostile.foreign, hostile.TOPICS, 4),
    Kind("records of another source", hostile.other_source, hostile.TOPICS, 3),
    Kind("malformed records", hostile.malformed, hostile.TOPICS, 3),
    Kind("oversize records", hostile.oversize, hostile.TOPICS, 3),
    Kind("head removed", destruction.head_removed, hostile.TOPICS, 3),
    Kind("full disk", destruction.full_disk, SERVERS, 3, (1.0, 5.0)),
    Kind("restored backup", destruction.restored_backup, RESTORED, 3, (1.0, 6.0), alone=True),
    Kind("flood of records", hostile.flood, hostile.TOPICS, 2),
    Kind("record far ahead", hostile.far_ahead, hostile.TOPICS, 2),
    Kind("forged next number", hostile.next_number, hostile.TOPICS, 2),
    Kind(
        "restored backup of ranking",
        destruction.restored_backup,
        ("ranking",),
        0,
        (1.0, 6.0),
        alone=True,
    ),
    Kind("tail removed", destruction.tail_removed, hostile.TOPICS, 0, alone=True),
    Kind("topic made anew", destruction.topic_made_anew, hostile.TOPICS, 0, alone=True),
)
"""Those of weight 0 are drawn only when they are asked for by name."""
NOT_BOTH = frozenset({"head removed", "forged next number"})
"""A forged record that took effect needs a rebuild, and that needs the logs from their start: of
these a chapter has what comes first."""
BY_NAME = {kind.name: kind for kind in KINDS}


def draw(
    dice: random.Random, only: Collection[str] = (), happened: Collection[str] = ()
) -> list[Fault]:
    """One to three faults that befall different targets at about the same time.

    `only` names the kinds, else there are all that have a weight; `happened` are those of the
    chapter so far.
    """
    without = (
        NOT_BOTH - set(happened) if NOT_BOTH & set(happened) else {dice.choice(sorted(NOT_BOTH))}
    )
    kinds = [BY_NAME[name] for name in only] or [
        kind for kind in KINDS if kind.weight and kind.name not in without
    ]
    faults: list[Fault] = []
    for _ in range(dice.choice((1, 1, 2, 3))):
        (kind,) = dice.choices(kinds, [kind.weight or 1 for kind in kinds])
        fault = _draw_one(dice, kind)
        if kind.alone:
            return faults or [fault]
        if fault.target not in {other.target for other in faults}:
            faults.append(fault)
    return faults


def _draw_one(dice: random.Random, kind: Kind) -> Fault:
    return Fault(
        kind.name,
        dice.choice(kind.targets),
        round(dice.uniform(*kind.seconds), 2),
        round(dice.uniform(0, 1.5), 2),
        dice.randrange(1000),
    )


async def befall(scene: Scene, fault: Fault) -> dict[str, Any]:
    """Do it; gives the fault with what was seen.

    What needs a server that another fault took away is not done then, and says so.
    """
    await asyncio.sleep(fault.after)
    try:
        seen = await BY_NAME[fault.kind].befall(scene, fault)
    except (KafkaError, asyncpg.PostgresError, OSError) as error:
        seen = f"could not be done: {error!r}"
    return fault.told | {"seen": seen}
