"""Loads everything that is read at run time, from wherever Terang is installed.

`test_wheel.py` runs it on an installed wheel. It prints what it loaded, as JSON.
"""

import json
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

from jinja2 import Environment

import shared
from deploy.postgres.migrate import folders
from shared.contracts.catalogue import SERVICES
from shared.policies import bundled_ids, load
from shared.postgres import queries
from shared.settings import DEMO_PROVINCE_KEY, read_settings

SETTINGS = {
    "TERANG_PROVINCE": "99",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092",
    "TERANG_ISSUER": "http://identity.example",
    "TERANG_AUDIENCE": "terang",
    "TERANG_PROVINCE_KEY": DEMO_PROVINCE_KEY,
}
ROOT = Path(shared.__path__[0]).parent
PACKAGES = ("services", "shared", "deploy")


def query_files() -> list[str]:
    """Every file of queries that modules load as they are imported, all of them."""
    loaded: list[str] = []
    load = queries.load

    def noted(path: Path) -> Any:
        loaded.append(path.relative_to(ROOT).as_posix())
        return load(path)

    queries.load = noted
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            import_module(".".join(part for part in parts if part != "__init__"))
    return sorted(loaded)


def apis() -> list[str]:
    """Every service's API, made: with its problems, words, pages and assets."""
    for service in SERVICES:
        environment = SETTINGS | {f"DATABASE_URL_{service.upper()}": f"postgresql://x/{service}"}
        settings = read_settings(
            import_module(f"services.{service}.settings").Settings, service, environment
        )
        import_module(f"services.{service}.api").create_api(settings).openapi()
    return list(SERVICES)


def templates() -> list[str]:
    """Every template, parsed."""
    found = _files("*.html")
    for path in found:
        Environment(autoescape=True).parse(path.read_text("utf-8"))
    return [path.relative_to(ROOT).as_posix() for path in found]


def tables() -> list[str]:
    """Every TOML file, read."""
    found = _files("*.toml")
    for path in found:
        tomllib.loads(path.read_text("utf-8"))
    return [path.relative_to(ROOT).as_posix() for path in found]


def _files(pattern: str) -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob(pattern))


def migrations() -> list[str]:
    """Every migration of every service."""
    found = {
        path.relative_to(ROOT).as_posix()
        for service in SERVICES
        for folder in folders(service)
        for path in folder.glob("*.sql")
    }
    return sorted(found)


def main() -> None:
    loaded = {
        "root": str(ROOT),
        "queries": query_files(),
        "apis": apis(),
        "templates": templates(),
        "tables": tables(),
        "migrations": migrations(),
        "policies": [load(policy).id for policy in bundled_ids()],
    }
    json.dump(loaded, sys.stdout)


if __name__ == "__main__":
    main()
