"""The command `terang` works in an image, where no package of the extras is installed."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import NAMES, app
from shared.settings import DEMO_PROVINCE_KEY

ROOT = Path(__file__).parents[4]


def test_no_command_needs_an_extra_to_be_loaded() -> None:
    """With every package of the extras out of reach, `terang --help` still lists all commands."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    absent = {
        name.split(">")[0].split(";")[0].replace("-", "_")
        for packages in extras.values()
        for name in packages
    } | {"docker"}
    program = (
        f"import sys\nsys.modules.update(dict.fromkeys({sorted(absent)!r}))\n"
        "from deploy.cli.main import app\napp(['--help'])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert all(name in ran.stdout for name in NAMES)


@pytest.mark.parametrize("words", ["rank", "verify", "policy show"])
def test_a_command_without_servers_loads_none(words: str) -> None:
    """Ranking files, verifying lists and reading policies load no web server and no client."""
    program = (
        "import sys\nfrom deploy.cli.main import app\n"
        f"app({[*words.split(), '--help']!r}, standalone_mode=False)\n"
        "servers = {'fastapi', 'faststream', 'aiokafka', 'aiohttp', 'asyncpg', 'uvicorn'}\n"
        "sys.exit(', '.join(servers & sys.modules.keys()) or None)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_what_can_not_be_written_is_replaced() -> None:
    """Where the output takes ASCII only, × comes as its number; where it takes UTF-8, as it is."""
    words = [sys.executable, "-m", "deploy.cli.main", "policy", "show", "national-cpns-2024"]
    for encoding, cut in (("ascii", "3 \\xd7 jumlah kebutuhan"), ("utf-8", "3 × jumlah kebutuhan")):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        ran = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True)
        assert (ran.returncode, ran.stderr) == (0, b"")
        assert cut in ran.stdout.decode(encoding)


def test_a_name_that_is_none_is_told_the_nearest() -> None:
    """`terang rnak` ends with status 2 and asks about `rank`."""
    ran = CliRunner().invoke(app, ["rnak"])
    assert ran.exit_code == 2
    assert "'rank'" in ran.stderr


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process of ranking must be told, so that it would begin to serve."""
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "DATABASE_URL_RANKING": "postgresql://x@127.0.0.1:1/x",
        "TERANG_PROVINCE": "99",
        "TERANG_ISSUER": "http://127.0.0.1:1/issuer",
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "missing", ["KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL_RANKING", "TERANG_ISSUER"]
)
@pytest.mark.usefixtures("settings")
def test_a_process_names_the_setting_that_is_missing(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`terang serve` stops with status 2 and the name of a setting that isn't there."""
    monkeypatch.delenv(missing)
    ran = CliRunner().invoke(app, ["serve", "ranking", "api"])
    assert ran.exit_code == 2
    assert missing in ran.stderr


@pytest.mark.usefixtures("settings")
def test_a_signing_key_that_is_none_stops_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranking doesn't serve with a key that can't sign: status 2, and the setting by name."""
    (tmp_path / "other.pem").write_text("no key")
    for wrong in (tmp_path / "nowhere.pem", tmp_path / "other.pem"):
        monkeypatch.setenv("TERANG_RANKING_SIGNING_KEY", str(wrong))
        ran = CliRunner().invoke(app, ["serve", "ranking", "api"])
        assert ran.exit_code == 2
        assert "TERANG_RANKING_SIGNING_KEY" in ran.stderr
