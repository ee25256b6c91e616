"""Does what a worker that stopped itself asks for, as it is printed."""

import asyncio
import os
import re
import shlex
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.contracts.catalogue import SERVICES
from tests.fault.campaign.platform import SERVERS, Health, Platform

COMMAND_SECONDS = 120.0
COMMAND = re.compile(
    r"terang (?:topics|(?:dead-letters release|recover|rebuild|ignore)"
    r" (?:applications|exams|ranking|feedback))\b"
    r"(?: terang\.[a-z.-]+/\d+)?(?: \d+)?(?: --[a-z-]+ [\w-]+)*"
)
"""A command as a remedy prints it."""
ALTERNATIVE = re.compile(r"[;,] or,? |` or `|; if ")
PROCEDURE = "'The log is another one'"
"""The section of shared/messaging/README.md that says what to do where a log can't come back."""
REASON = "TEXT"
"""Stands for words that a person chooses."""
NEEDS_THE_SERVICE_ENDED = ("recover",)
CONFIRMED = ("recover", "ignore")
"""Commands that ask before they act: `--yes` answers."""


@dataclass(frozen=True)
class Done:
    """A command of a remedy, its exit status and what it printed."""

    command: str
    status: int
    printed: str


class NoRemedyError(Exception):
    """A stop that names no command, or whose command fails: nothing here works around it."""


Fits = Callable[[str], bool]
"""Whether a command is right for what has happened."""


def commands(said: str, fits: Fits) -> list[str]:
    """The commands that a process asks for, in their order, each once.

    A stop may name several ways, for several causes; whoever reads it knows what has happened, and
    so which of them fits. A single way needs no choice.
    """
    found: list[str] = []
    for stop in said.split("\n"):
        _, _, remedy = stop.partition("Remedy:")
        ways = [way for part in ALTERNATIVE.split(remedy) if (way := COMMAND.findall(part))]
        fitting = [way for way in ways if all(map(fits, way))]
        found += (fitting or (ways if len(ways) == 1 else [[]]))[0]
    return list(dict.fromkeys(found))


async def apply(platform: Platform, name: str, health: Health, fits: Fits) -> list[Done]:
    """Carry out the remedy that the process `name` prints, and start it again.

    Raises NoRemedyError where it names none, or a command of it fails.
    """
    named = commands(health.text, fits)
    if not named and PROCEDURE in health.text:
        return await _new_logs(platform)
    if not named:
        raise NoRemedyError(f"{name} stopped and names no command that fits: {health.text}")
    done = [await _carry_out(platform, name, command) for command in named]
    platform.kill(name)
    # what a command says is to be done next, once the worker runs again
    further = [next_ for command in done for next_ in COMMAND.findall(command.printed)]
    return done + [await _carry_out(platform, name, command) for command in further]


async def _new_logs(platform: Platform) -> list[Done]:
    """All processes end, and each service's database and the logs are made to fit again.

    A service whose log has to be filled by another one first says so; it is asked again once all
    run, as long as it stands still.
    """
    ended = [name for name in platform.processes if name not in (*SERVERS, "door")]
    done = []
    with platform.held_down(*ended):
        for command in ("topics", *(f"recover {service}" for service in SERVICES)):
            service = command.split()[-1]
            words = command.split()
            if service in SERVICES:
                words.append("--yes")
            done.append(await _run(platform, service if service in SERVICES else "exams", words))
    for command_done in done:
        if command_done.status and "Remedy:" not in command_done.printed:
            raise NoRemedyError(f"`{command_done.command}` failed: {command_done.printed}")
    return done


async def _carry_out(platform: Platform, name: str, command: str) -> Done:
    """Run a command for a worker's service. Raises NoRemedyError where it fails."""
    service = name.split("-")[0]
    words = [word if word != REASON else "forged" for word in shlex.split(command)[1:]]
    if words[0] in CONFIRMED:
        words.append("--yes")
    if words[0] in NEEDS_THE_SERVICE_ENDED:
        with platform.held_down(*platform.of(service)):
            done = await _run(platform, service, words)
    else:
        done = await _run(platform, service, words)
    if done.status:
        raise NoRemedyError(f"{name}: `{done.command}` failed: {done.printed}")
    return done


async def _run(platform: Platform, service: str, words: Sequence[str]) -> Done:
    """`terang WORDS` with the settings of the service, as the role that owns its tables."""
    # the worker's settings: the command is typed beside it
    own = platform.environment(service, f"{service}-worker")
    own |= {f"DATABASE_URL_{service.upper()}": platform.database(service, "owner")}
    process = await asyncio.create_subprocess_exec(
        str(Path(sysconfig.get_path("scripts")) / "terang"),
        *words,
        env={**os.environ, **own},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return Done("terang " + " ".join(words), -9, f"not over after {COMMAND_SECONDS:.0f} s")
    status = process.returncode or 0
    return Done("terang " + " ".join(words), status, printed.decode(errors="replace")[-2000:])
