"""`terang settings check`: does a province's file make a deployment?"""

import importlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import BaseModel

from deploy.kafka.replication import Replication
from deploy.postgres.retention import Retention
from shared.contracts.catalogue import SERVICES
from shared.settings import DEMO_PROVINCE, SettingsError, read_own, read_settings

app = typer.Typer()
settings = typer.Typer(help="The settings of a deployment.", no_args_is_help=True)
app.add_typer(settings, name="settings")


def values(text: str) -> dict[str, str]:
    """Settings by name, of NAME=value lines; blank lines and those that begin with # don't count.

    Raises SettingsError for any other line.
    """
    settings = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, equals, value = line.partition("=")
            if not equals:
                raise SettingsError([f"line {number} is no NAME=value: {line}"])
            settings[name.strip()] = value.strip()
    return settings


def site_faults(given: Mapping[str, str]) -> list[str]:
    """What is wrong with the door's address: with real people it is a domain, served over TLS.

    The door (deploy/door/Caddyfile) serves `http://` and port 80 without TLS, and has a certificate
    for a domain alone.
    """
    if given.get("TERANG_PROVINCE") == DEMO_PROVINCE:
        return []
    addresses = given.get("TERANG_SITE", "").replace(",", " ").split()
    if addresses and not any(map(_is_plain, addresses)):
        return []
    return [
        (
            "TERANG_SITE: the door would not encrypt what it serves; "
            "give the domain, without http:// and port: terang.jambiprov.go.id"
        )
    ]


def _faults(model: type[BaseModel], given: Mapping[str, str]) -> list[str]:
    """What is wrong with the settings of a program that is no process of a service."""
    try:
        read_own(model, given)
    except SettingsError as error:
        return error.faults
    return []


def _is_plain(address: str) -> bool:
    """Whether the door would serve an address without TLS."""
    site = urlsplit(address if "://" in address else f"https://{address}")
    return site.scheme != "https" or not site.hostname or site.netloc.endswith(":80")


@settings.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="deploy/provinces/CODE.env", exists=True, dir_okay=False)
    ],
) -> None:
    """Check a province's file for every service: what is unknown, missing or wrong is named."""
    faults: set[str] = set()
    try:
        given = values(file.read_text("utf-8"))
    except SettingsError as error:
        faults.update(error.faults)
        given = {}
    faults.update(site_faults(given))
    faults.update(fault for model in (Replication, Retention) for fault in _faults(model, given))
    for service in SERVICES:
        # compose has passwords and the province key in its environment, not in the file
        database = {
            f"DATABASE_URL_{service.upper()}": (
                f"postgresql://{service}:{secrets.token_hex(24)}@postgres:5432/{service}"
            )
        }
        try:
            read_settings(
                importlib.import_module(f"services.{service}.settings").Settings,
                service,
                {"TERANG_PROVINCE_KEY": secrets.token_hex(32), **given, **database},
            )
        except SettingsError as error:
            faults.update(error.faults)
    if faults:
        typer.echo(f"{file}:\n  " + "\n  ".join(sorted(faults)), err=True)
        raise typer.Exit(1)
    typer.echo(f"{file}: makes a deployment of province {given['TERANG_PROVINCE']}.")
