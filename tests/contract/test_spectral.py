"""Spectral, the usual linter of OpenAPI documents, finds nothing in ours."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.catalogue import SERVICES
from tests.openapi import document

TOOL = Path(__file__).with_name("spectral")
PROGRAM = TOOL / "node_modules/.bin/spectral"


@pytest.fixture(scope="module")
def spectral() -> Path:
    """The pinned program. npm fetches it once; without npm these tests are skipped, not in CI."""
    if shutil.which("npm") is None:
        assert "CI" not in os.environ, "CI needs node and npm"
        pytest.skip("Spectral needs node and npm, which this machine doesn't have")
    with (TOOL / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of pytest may start at once
        if not PROGRAM.exists():
            fetch = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(fetch, cwd=TOOL, check=True, timeout=240)
    return PROGRAM


def found(spectral: Path, described: dict[str, Any], folder: Path) -> list[str]:
    """What Spectral says of a document: the rule, the place and the words of each fault."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(described))
    rules = ("--ruleset", str(TOOL / "ruleset.yaml"), "--format", "json", "--quiet")
    command = (str(spectral), "lint", str(path), *rules)
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode in (0, 1), run.stderr
    return [
        f"{fault['code']} {'/'.join(map(str, fault['path']))}: {fault['message']}"
        for fault in json.loads(run.stdout)
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_document_is_clean(service: str, spectral: Path, tmp_path: Path) -> None:
    """No error and no warning."""
    assert found(spectral, document(service), tmp_path) == []


def test_a_fault_is_found(spectral: Path, tmp_path: Path) -> None:
    """A document without servers, or an operation without a description, doesn't pass."""
    described = json.loads(json.dumps(document("feedback")))
    del described["servers"]
    del described["paths"]["/feedback/units"]["get"]["description"]
    assert [fault.split()[0] for fault in found(spectral, described, tmp_path)] == [
        "oas3-api-servers",
        "operation-description",
    ]
