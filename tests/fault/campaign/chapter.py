"""A chapter: a new platform, rounds under way, so many faults, and the judgement at the end."""

import asyncio
import json
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka.errors import KafkaError

from deploy.local.process import StackError
from shared.contracts.catalogue import SERVICES
from tests.fault.campaign import remedies
from tests.fault.campaign.evidence import gather
from tests.fault.campaign.faults import befall, draw
from tests.fault.campaign.load import Journal, Load
from tests.fault.campaign.oracle import Finding, judge
from tests.fault.campaign.platform import Health, Platform
from tests.fault.campaign.scene import Gate, Scene

READY_SECONDS = 180.0
"""A platform that is not ready so long after its faults is stuck."""
BUSY_ANSWERS, BUSY_SECONDS = 150, 60.0
"""A chapter's first fault comes after so many answers, or so long."""
FINISH_SECONDS = 180.0
"""For the rounds under way to come to their end once no more faults come."""
QUIET_SECONDS = 90.0
"""For everything to take effect once the rounds are over."""
DAY_HOURS = 26
"""After so many hours a day is over in any zone, and its complaints are stated."""
SHOWN = 20


@dataclass
class Told:
    """What a chapter came to."""

    chapter: int
    seed: int
    faults: int = 0
    rounds: int = 0
    answered: int = 0
    records: int = 0
    seconds: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    odd: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        self.findings.append({"kind": kind, "text": text})


class Chapter:
    """Plays one chapter in `folder`; the same seed and number draw the same faults."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        number: int,
        faults: int,
        deadline: float,
        only: Sequence[str] = (),
    ) -> None:
        """`deadline`, by time.monotonic, is when no more faults come; `only` names their kinds."""
        self._folder = folder
        self._wanted = faults
        self._deadline = deadline
        self._dice = random.Random(f"{seed}/{number}")
        self._only = only
        self._step: dict[str, Any] = {}
        self._planted: list[str] = []
        self._happened: set[str] = set()
        self.told = Told(number, seed)

    async def play(self) -> Told:
        """Play it to the judgement; leaves the folder behind only if something was found."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        began = time.monotonic()
        platform = Platform(self._folder / "platform")
        try:
            await platform.start()
            scene = Scene(platform, Gate(), self._folder, lambda: self._until_ready(platform))
            self._planted = scene.planted
            async with platform.watched():
                await self._with_rounds(scene)
                await self._judge(scene)
        except StackError as failure:
            self.told.add("stuck", str(failure))
        finally:
            platform.end()
        self.told.seconds = round(time.monotonic() - began, 1)
        if not self.told.findings:
            shutil.rmtree(self._folder / "platform")
        return self.told

    async def _with_rounds(self, scene: Scene) -> None:
        journal = Journal(self._folder / "answers.jsonl")
        load = Load(
            scene.platform.door,
            journal,
            scene.gate,
            chapter=f"c{self.told.chapter}",
            seed=self.told.seed * 1000 + self.told.chapter,
        )
        await load.start()
        try:
            await _until_busy(journal)
            await self._faults(scene)
            await self._finish(scene.platform, load)
        finally:
            await load.close()
            self.told.rounds, self.told.answered = load.rounds, journal.answered
            self.told.odd = dict(journal.odd)
            for refusal in load.refused:
                self.told.add("stuck", f"round {refusal}")

    async def _finish(self, platform: Platform, load: Load) -> None:
        """Wait for the end of the rounds; some stops come only when a log is looked at again."""
        finishing = asyncio.create_task(load.finish(FINISH_SECONDS))
        while not finishing.done():
            await self._until_ready(platform)
            await asyncio.wait([finishing], timeout=1)
        await finishing

    async def _faults(self, scene: Scene) -> None:
        """Step by step, until there were enough or the time is over."""
        while self.told.faults < self._wanted and time.monotonic() < self._deadline:
            drawn = [
                fault
                for fault in draw(self._dice, self._only, self._happened)
                if fault.kind != "full disk" or fault.target in scene.platform.disks
            ]
            self.told.faults += len(drawn)
            self._happened |= {fault.kind for fault in drawn}
            step: dict[str, Any] = {
                "step": len(self.told.steps) + 1,
                "faults": [fault.told for fault in drawn],
                "remedies": [],
            }
            self._step = step
            self.told.steps.append(step)
            self._keep(step)
            try:
                step["faults"] = await asyncio.gather(*(befall(scene, fault) for fault in drawn))
                step["ready_after"] = round(await self._until_ready(scene.platform), 2)
            finally:
                step["ended"], scene.platform.ended = scene.platform.ended, []
                self._keep(step)
            await asyncio.sleep(self._dice.uniform(0, 1))

    async def _until_ready(self, platform: Platform) -> float:
        """Seconds until all are ready again, remedies included.

        Raises StackError where they are not, or a stop has no true remedy.
        """
        began = time.monotonic()
        while True:
            conditions = await platform.conditions()
            taken = time.monotonic() - began
            if all(health.ready for health in conditions.values()):
                return taken
            if taken > READY_SECONDS:
                break
            stopped = {name: health for name, health in conditions.items() if health.stopped}
            if any(remedies.PROCEDURE in health.text for health in stopped.values()):
                # it ends all processes: one at a time
                stopped = dict(list(stopped.items())[:1])
            await asyncio.gather(
                *(self._remedy(platform, name, health) for name, health in stopped.items())
            )
            await asyncio.sleep(0.1)
        waiting = {name: health.text for name, health in conditions.items() if not health.ready}
        raise StackError(f"{self._where}: not ready after {READY_SECONDS:.0f} s: {waiting}")

    @property
    def _where(self) -> str:
        return f"step {self._step.get('step', 0)}"

    async def _remedy(self, platform: Platform, name: str, health: Health) -> None:
        step = self._step
        stop: dict[str, Any] = {"stopped": name, "said": health.text}
        step["remedies"].append(stop)
        if len(step["remedies"]) > 2 * len(SERVICES):
            raise StackError(f"{self._where}: remedies lead nowhere: {health.text}")
        try:
            done = await remedies.apply(platform, name, health, self._fits)
        except remedies.NoRemedyError as failure:
            raise StackError(f"{self._where}: {failure}") from failure
        stop["done"] = [asdict(command) for command in done]

    def _fits(self, command: str) -> bool:
        """Whether a command is right for what has happened.

        What the campaign wrote itself is ignored; after a restored backup a service recovers.
        """
        verb, service, *more = [*command.split()[1:], ""]
        if verb == "ignore":
            return "/".join(more[:2]) in self._planted
        restored = {
            fault["target"]
            for fault in self._step["faults"]
            if fault["kind"].startswith("restored backup")
        }
        return verb == "recover" and service in restored

    async def _judge(self, scene: Scene) -> None:
        """Let the day pass, then look until nothing is wrong, or it stays wrong."""
        platform = scene.platform
        for name in platform.processes:
            platform.clock(name).write_text(str(DAY_HOURS * 3600), "ascii")
        deadline = time.monotonic() + QUIET_SECONDS
        addresses = {str(service): platform.database(service, "owner") for service in SERVICES}
        while True:
            await self._until_ready(platform)
            try:
                evidence = await gather(
                    platform.bootstrap, addresses, self._folder / "answers.jsonl", scene.planted
                )
            except (KafkaError, asyncpg.PostgresError, OSError) as error:
                if time.monotonic() > deadline:
                    raise StackError(f"the evidence can't be read: {error!r}") from error
                continue
            evidence.put_back(scene.cut)
            findings = judge(evidence)
            if not findings or time.monotonic() > deadline:
                break
            await asyncio.sleep(2)
        self.told.records = len(evidence.log)
        evidence.keep(self._folder / "evidence.json.gz")
        self._tell(findings)

    def _tell(self, findings: list[Finding]) -> None:
        for finding in findings[:SHOWN]:
            self.told.add(finding.kind, finding.text)
        if len(findings) > SHOWN:
            self.told.add(findings[-1].kind, f"… and {len(findings) - SHOWN} more")

    def _keep(self, step: dict[str, Any]) -> None:
        """A line for each step before it is waited for, and again after."""
        with (self._folder / "steps.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"at": time.strftime("%H:%M:%S"), **step}) + "\n")


async def _until_busy(journal: Journal) -> None:
    """Until there is something on the logs that faults could befall."""
    deadline = time.monotonic() + BUSY_SECONDS
    while journal.answered < BUSY_ANSWERS and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
