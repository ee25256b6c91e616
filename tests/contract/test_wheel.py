"""An installed wheel has everything that is read at run time, and can read it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = Path(__file__).with_name("installed.py")
GOLDEN = ROOT / "tests" / "unit" / "services" / "ranking" / "files" / "golden" / "skd-cut"
PACKAGES = ("services", "shared", "deploy")
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE")

LEFT_OUT = {
    "*.md": "read by people, in the repository",
    "deploy/Dockerfile": "makes the image, from a checkout",
    "deploy/install.sh": "installs into a checkout",
    "deploy/door/Caddyfile": "mounted from a checkout by docker-compose.yml",
    "deploy/postgres/10-services.sh": "mounted from a checkout by docker-compose.yml",
    "deploy/provinces/*.env": "read from a checkout by docker compose",
}
"""Files that are tracked and not in the wheel, with the reason."""


def tracked(*paths: str) -> list[str]:
    """Tracked files that are there, as paths from the root of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def run(command: Sequence[str | Path], cwd: Path, **environment: str) -> str:
    """The standard output of a program that must succeed."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        command, cwd=cwd, env=inherited | environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is tracked, built aside: a checkout may have leftovers of other builds."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked(*PACKAGES, *BUILT_FROM):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    made = tmp_path_factory.mktemp("wheel")
    program = f"from setuptools.build_meta import build_wheel; build_wheel({str(made)!r})"
    run([sys.executable, "-c", program], source)
    [path] = made.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def site_packages(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which nothing but the wheel is installed."""
    folder = tmp_path_factory.mktemp("site-packages")
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", *options]
    run([*pip, "--target", folder, wheel], folder)
    return folder


@pytest.fixture(scope="module")
def loaded(site_packages: Path) -> dict[str, Any]:
    """What `installed.py` loaded from there."""
    printed = run([sys.executable, INSTALLED], site_packages, PYTHONPATH=str(site_packages))
    found: dict[str, Any] = json.loads(printed)
    assert Path(found["root"]) == site_packages
    return found


def left_out(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in LEFT_OUT)


def test_what_is_tracked_is_in_the_wheel(wheel: Path) -> None:
    """Every file of the packages but those that are left out with a reason; and nothing else."""
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = set(tracked(*PACKAGES))
    assert names == {name for name in files if not left_out(name)}


def test_each_reason_has_a_file() -> None:
    """A reason for a file that is gone goes too."""
    files = tracked(*PACKAGES)
    assert [pattern for pattern in LEFT_OUT if not any(fnmatch(f, pattern) for f in files)] == []


def test_each_file_of_queries_is_loaded(loaded: dict[str, Any]) -> None:
    """All SQL but migrations and what psql reads is loaded by the module that calls it."""
    sql = {name for name in tracked(*PACKAGES) if name.endswith(".sql")}
    not_queries = {*loaded["migrations"], "deploy/postgres/database.sql"}
    assert set(loaded["queries"]) == sql - not_queries


def test_migrations_are_found(loaded: dict[str, Any]) -> None:
    """`terang migrate` finds every migration of the repository."""
    files = {name for name in tracked(*PACKAGES) if "/migrations/" in name}
    assert set(loaded["migrations"]) == files


def test_apis_and_their_files_load(loaded: dict[str, Any]) -> None:
    """Each API is made; each template is parsed, each table of words, problems and rules read."""
    files = tracked(*PACKAGES)
    assert loaded["apis"] == ["applications", "exams", "ranking", "feedback"]
    assert loaded["templates"] == sorted(name for name in files if name.endswith(".html"))
    assert loaded["tables"] == sorted(name for name in files if name.endswith(".toml"))
    assert "national-cpns-2024" in loaded["policies"]


def test_a_place_is_explained(site_packages: Path) -> None:
    """The texts of explanations are read from the installed copy, in both languages."""
    command = [sys.executable, "-m", "deploy.cli.main", "rank", "--explain", "0001"]
    options = ["--policy", "national-cpns-2024", "--stage", "skd"]
    files = [f"--{name}={GOLDEN / f'{name}.csv'}" for name in ("vacancies", "candidates")]
    out = run([*command, *options, *files], site_packages, PYTHONPATH=str(site_packages))
    assert "Peringkat Anda" in out
    assert "Your rank is" in out
