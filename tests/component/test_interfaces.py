"""Each service keeps what its OpenAPI document promises, whatever is sent to it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn

from deploy.local.ports import free_port
from shared.contracts.catalogue import SERVICES
from shared.identity import ROLES
from tests.component.conftest import ServiceApp

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error,status_code_conformance,"
    "content_type_conformance,response_schema_conformance"
)


@pytest.mark.parametrize("service", SERVICES)
async def test_promises_are_kept(
    service: str, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """Hundreds of requests, right and wrong, made up from the document: every answer has a status,
    a type and a form that it declares, and none is our fault.
    """
    running = await service_app(service)
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
    url = f"http://127.0.0.1:{port}"
    command = [
        str(SCHEMATHESIS),
        "run",
        f"{url}/{service}/openapi.json",
        "--url",
        url,
        "--checks",
        CHECKS,
    ]
    command += [
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "8",
        "--seed",
        "2024",
        "--generation-database",
        "none",
        "--no-color",
    ]
    command += ["-H", f"Authorization: {running.who('everybody', *ROLES)['Authorization']}"]
    # streams never end: what they say is tested where they are
    command += ["--exclude-path-regex", "stream$"]
    fuzzing = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await fuzzing.communicate()
    server.should_exit = True
    await serving
    assert fuzzing.returncode == 0, said.decode()
