"""The deployment by docker compose: every container is healthy, and a round is played on it."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("applications", "exams", "ranking", "feedback")
LONG_RUNNING = {f"{service}-{process}" for service in SERVICES for process in ("api", "worker")} | {
    "kafka",
    "postgres",
    "issuer",
    "door",
    "prometheus",
}
UNCHECKED = {"door", "prometheus"}
"""Without a health check of their own: their images have no tool for one."""

UP_WITHIN_S = 300
SECRETS = {
    **{f"PASSWORD_{service.upper()}": secrets.token_hex(24) for service in SERVICES},
    "POSTGRES_PASSWORD": secrets.token_hex(24),
    "PASSWORD_OWNER": secrets.token_hex(24),
    "TERANG_PROVINCE_KEY": secrets.token_hex(32),
}
"""What a real province has in the environment of `docker compose`."""

pytestmark = pytest.mark.timeout(1200)


def compose(
    *words: str, check: bool = True, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run docker compose in the checkout; its output comes with the failure."""
    ran = subprocess.run(
        ["docker", "compose", *words],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and ran.returncode:
        raise AssertionError(
            f"docker compose {' '.join(words)}:\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
        )
    return ran


def states() -> dict[str, tuple[str, str]]:
    """Service -> (state, health) of the containers that run or ran."""
    rows = [
        json.loads(line) for line in compose("ps", "--all", "--format", "json").stdout.splitlines()
    ]
    return {row["Service"]: (row["State"], row["Health"]) for row in rows}


@pytest.fixture(scope="module")
def deployment() -> Iterator[str]:
    """Province 99, up and healthy; taken down with its data at the end."""
    compose("down", "--volumes", "--remove-orphans")
    compose("up", "--detach", "--build")
    try:
        until = time.monotonic() + UP_WITHIN_S
        while True:
            now = states()
            waiting = {
                name
                for name in LONG_RUNNING
                if now.get(name) != ("running", "" if name in UNCHECKED else "healthy")
            }
            if not waiting:
                break
            if time.monotonic() > until:
                logs = compose("logs", "--tail", "40", *sorted(waiting), check=False).stdout
                raise AssertionError(
                    f"not healthy after {UP_WITHIN_S} s: {sorted(waiting)}\n{logs[-8000:]}"
                )
            time.sleep(2)
        yield "http://localhost:8080"
    finally:
        compose("down", "--volumes", check=False)


def test_a_round_is_played_against_the_deployment(deployment: str, tmp_path: Path) -> None:
    """`terang demo --url` plays a small round; the lists equal its recomputation."""
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "deploy.cli.main",
            "demo",
            "--url",
            deployment,
            "--applicants",
            "300",
            "--exit",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-3000:]
    report = json.loads((tmp_path / ".terang" / "demo" / "report.json").read_text())
    assert report["recomputation_equal"] is True
    assert report["events"]["ApplicationSubmitted"] == 300


def test_prometheus_reaches_every_process(deployment: str) -> None:
    """All eight processes are targets of Prometheus, and each is up."""
    until = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(
            "http://127.0.0.1:9090/api/v1/targets?state=active", timeout=10
        ) as answer:
            targets = json.load(answer)["data"]["activeTargets"]
        up = {
            (target["labels"]["service"], target["labels"]["job"])
            for target in targets
            if target["health"] == "up"
        }
        if len(up) == 8 or time.monotonic() > until:
            break
        time.sleep(2)
    assert {(service, job) for service in SERVICES for job in ("api", "worker")} == up


def test_the_alert_rules_do_what_they_say(deployment: str) -> None:
    """promtool, in the container that runs them, passes the rules' own tests."""
    compose(
        "exec", "-T", "prometheus", "promtool", "test", "rules", "/etc/prometheus/alerts_test.yml"
    )


@pytest.mark.parametrize("name", ["12", "14", "15", "36", "99"])
def test_a_province_file_makes_a_deployment(name: str) -> None:
    """Each province's file is whole: compose accepts it, and a service's settings too."""
    compose("--env-file", f"deploy/provinces/{name}.env", "config", "--quiet", environment=SECRETS)


def published(name: str) -> dict[str, set[str]]:
    """The addresses on which a province's deployment publishes ports, by service; empty is all."""
    words = ("--env-file", f"deploy/provinces/{name}.env", "config", "--format", "json")
    services = json.loads(compose(*words, environment=SECRETS).stdout)["services"]
    return {
        service: {port.get("host_ip", "") for port in settings["ports"]}
        for service, settings in services.items()
        if "ports" in settings
    }


def test_the_demonstration_is_reached_from_this_machine_alone() -> None:
    """Every port of province 99 is on loopback: its issuer gives anyone a token."""
    assert published("99") == {name: {"127.0.0.1"} for name in ("kafka", "door", "prometheus")}


def test_of_a_real_province_the_door_alone_is_reached_from_elsewhere() -> None:
    """Kafka and Prometheus have no authentication; the door is for people."""
    assert published("15") == {"kafka": {"127.0.0.1"}, "door": {""}, "prometheus": {"127.0.0.1"}}


def test_the_door_leads_to_the_issuer_in_the_demonstration_alone(deployment: str) -> None:
    """Province 99 has its issuer behind the door; with another code there is nothing."""
    with urllib.request.urlopen(f"{deployment}/issuer/jwks", timeout=10) as answer:
        assert json.load(answer)["keys"]
    words = ("--no-deps", "--detach", "--publish", "127.0.0.1:8090:8080", "--env")
    another = compose("run", *words, "TERANG_PROVINCE=15", "door").stdout.strip()
    try:
        assert status_of("http://127.0.0.1:8090/.well-known/terang.json") == 200
        assert status_of("http://127.0.0.1:8090/issuer/jwks") == 404
    finally:
        subprocess.run(["docker", "rm", "--force", another], check=True, capture_output=True)


def status_of(address: str) -> int:
    """The HTTP status at an address, asked for until a server is there."""
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def test_a_real_province_gets_no_database_with_a_password_of_the_demonstration() -> None:
    """The script that makes the databases ends before it makes one, and says why."""
    script = ROOT / "deploy" / "postgres" / "10-services.sh"
    for name in ("POSTGRES_PASSWORD", "PASSWORD_OWNER", "PASSWORD_EXAMS"):
        ran = subprocess.run(
            ["sh", str(script)],
            env={"PATH": os.environ["PATH"], "TERANG_PROVINCE": "15", name: "demonstration-x"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 1
        assert "demonstration" in ran.stderr


@pytest.mark.parametrize("password", ["", "123456", "f" * 15])
@pytest.mark.parametrize("name", ["POSTGRES_PASSWORD", "PASSWORD_OWNER", "PASSWORD_EXAMS"])
def test_a_real_province_gets_no_database_with_a_short_password(name: str, password: str) -> None:
    """The script ends before it makes a database, and names the password that is too short."""
    environment = {"PATH": os.environ["PATH"], "TERANG_PROVINCE": "15", **SECRETS, name: password}
    script = ROOT / "deploy" / "postgres" / "10-services.sh"
    ran = subprocess.run(
        ["sh", str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert f"Fewer than 16 characters: {name}." in ran.stderr


@pytest.mark.parametrize("missing", SECRETS)
def test_a_province_without_a_secret_is_refused(missing: str) -> None:
    """Compose names the password or key that is missing instead of starting with none."""
    others = {name: value for name, value in SECRETS.items() if name != missing}
    words = ("--env-file", "deploy/provinces/15.env", "config", "--quiet")
    ran = compose(*words, check=False, environment=others)
    assert ran.returncode != 0
    assert f"required variable {missing}" in ran.stderr
