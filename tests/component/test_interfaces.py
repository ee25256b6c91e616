"""Each service keeps what its OpenAPI document promises, whatever is sent to it, by whomever."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from deploy.local.ports import free_port
from shared.contracts.catalogue import SERVICES
from shared.identity import ROLES
from tests.component.conftest import ServiceApp
from tests.component.known_records import Names, fill

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error,status_code_conformance,"
    "content_type_conformance,response_schema_conformance"
)
FULL = os.environ.get("TERANG_TEST_SIZE") == "full"
"""CI sends more, and lets each role alone ask; the quick run asks as nobody and as everybody."""

PERSONS: dict[str, tuple[str, ...]] = {"everybody": tuple(sorted(ROLES))}
ALONE: dict[str, tuple[str, ...]] = {role: (role,) for role in sorted(ROLES)}
ASKING = {**PERSONS, **(ALONE if FULL else {}), "nobody": ()}


def config(names: Names) -> str:
    """Has schemathesis take ids that exist, in addresses and bodies, most of the time."""
    lines = []
    for name, value in names.items():
        lines += [f"[dictionaries.{name}]", f'values = ["{value}"]']
        for place in ("path", "query", "body"):
            lines += [
                f'[parameters."{place}.{name}"]',
                f'dictionary = "{name}"',
                "probability = 0.7",
            ]
    return "\n".join(lines)


@asynccontextmanager
async def served(running: ServiceApp) -> AsyncIterator[str]:
    """The app behind a real HTTP server; its address."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            running.app,
            host="127.0.0.1",
            port=port,
            lifespan="off",
            log_config=None,
            access_log=False,
        )
    )
    serving = asyncio.create_task(server.serve())
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.mark.parametrize("person", ASKING)
@pytest.mark.parametrize("service", SERVICES)
async def test_promises_are_kept(
    service: str,
    person: str,
    service_app: Callable[..., Awaitable[ServiceApp]],
    tmp_path: Path,
) -> None:
    """Hundreds of requests, right and wrong, made up from the document: every answer has a status,
    a type and a form that it declares, and none is our fault.
    """
    running = await service_app(service)
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(config(await fill(running)))
    async with served(running) as url:
        command = [str(SCHEMATHESIS), "--config-file", str(settings)]
        command += ["run", f"{url}/{service}/openapi.json", "--url", url, "--checks", CHECKS]
        command += ["--phases", "examples,coverage,fuzzing", "--max-examples", _examples(person)]
        command += ["--seed", "2024", "--generation-database", "none", "--no-color"]
        # streams never end: what they say is tested where they are
        command += ["--exclude-path-regex", "stream$"]
        if person != "nobody":
            token = running.who(person, *ASKING[person])["Authorization"]
            command += ["-H", f"Authorization: {token}"]
        fuzzing = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await fuzzing.communicate()
    assert fuzzing.returncode == 0, said.decode()


def _examples(person: str) -> str:
    """How many requests are made up for each operation, beside those for each limit."""
    few = 8 if person == "everybody" else 2
    return str(few * 10 if FULL else few)
