"""What is for demonstrations stays out of a province with real people."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from shared.settings import ServiceSettings, SettingsError, read_settings

PROVINCES = sorted((Path(__file__).parents[3] / "deploy" / "provinces").glob("*.env"))
SOUND = {
    "TERANG_PROVINCE": "15",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
    "DATABASE_URL_RANKING": "postgresql://ranking:7d9f0c2ab61e4f58@postgres/ranking",
    "TERANG_ISSUER": "https://login.example/realms/terang",
    "TERANG_ISSUER_ADDRESS": "https://keycloak.internal/realms/terang",
    "TERANG_AUDIENCE": "terang",
}


def read(**own: str) -> ServiceSettings:
    """The settings of ranking in province 15, changed a little."""
    return read_settings(ServiceSettings, "ranking", SOUND | own)


DEMONSTRATIONS = [
    ("TERANG_ISSUER", "http://login.example/realms/terang"),
    ("TERANG_ISSUER", "https://terang.example/issuer"),
    ("TERANG_ISSUER", "https://terang.example/issuer/"),
    ("TERANG_ISSUER", "https://terang.example/Issuer/"),
    ("TERANG_ISSUER", "https://terang.example/issuer/realms/terang"),
    ("TERANG_ISSUER", "https://terang.example//%69ssuer"),
    ("TERANG_ISSUER_ADDRESS", "http://keycloak:8080/realms/terang"),
    ("TERANG_ISSUER_ADDRESS", "https://issuer:8000/issuer"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:demonstration-ranking@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:ranking@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:Postgres@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:123456@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:7d9f0c2ab61e4f5@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking@postgres/ranking?password=123456"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking@postgres/ranking"),
]


@pytest.mark.parametrize(("name", "value"), DEMONSTRATIONS)
def test_what_is_for_demonstrations_stops_a_real_province(name: str, value: str) -> None:
    """The demo issuer, addresses without TLS and known passwords are refused, by name."""
    with pytest.raises(SettingsError, match=name):
        read(**{name: value})


@pytest.mark.parametrize(("name", "value"), DEMONSTRATIONS)
def test_the_demonstration_has_them(name: str, value: str) -> None:
    """Province 99 alone starts with each of them."""
    assert read(TERANG_PROVINCE="99", **{name: value}).province == "99"


def test_a_sound_province_starts() -> None:
    """With https and a password of its own a province starts."""
    assert read().roles_claim == "roles"
    assert read(TERANG_ISSUER="https://login.example/issuers").province == "15"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ranking@postgres/ranking?sslmode=verify-full&sslcert=/run/ranking.crt",
        "postgresql://ranking@%2Fvar%2Frun%2Fpostgresql/ranking",
        "postgresql://ranking@/ranking?host=/var/run/postgresql",
    ],
)
def test_a_certificate_or_a_unix_socket_needs_no_password(address: str) -> None:
    """The database knows who connects without one."""
    assert read(DATABASE_URL_RANKING=address).province == "15"


def test_a_fault_keeps_the_password_to_itself() -> None:
    """What is printed at the start names the setting, never the password."""
    with pytest.raises(SettingsError) as refused:
        read(DATABASE_URL_RANKING="postgresql://ranking:demonstration-x@postgres/ranking")
    assert "demonstration-x" not in str(refused.value)


@pytest.mark.parametrize("missing", ["TERANG_ISSUER", "TERANG_AUDIENCE"])
def test_issuer_and_audience_are_required(missing: str) -> None:
    """Without an audience a token for any client of the issuer would count."""
    environment = {name: value for name, value in SOUND.items() if name != missing}
    with pytest.raises(SettingsError, match=missing):
        read_settings(ServiceSettings, "ranking", environment)


@pytest.mark.parametrize("file", PROVINCES, ids=lambda file: file.stem)
def test_each_province_file_makes_a_deployment(file: Path) -> None:
    """`terang settings check` finds no fault in the files that come along."""
    ran = CliRunner().invoke(app, ["settings", "check", str(file)])
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize("site", ["http://terang.example", "http://", ":80", "a.example:80", ""])
def test_a_door_without_tls_is_refused(site: str, tmp_path: Path) -> None:
    """`terang settings check` names the address at which a real province would send plain text."""
    sound = (PROVINCES[0].parent / "15.env").read_text()
    file = tmp_path / "15.env"
    file.write_text(sound.replace("TERANG_SITE=terang.jambiprov.example", f"TERANG_SITE={site}"))
    ran = CliRunner().invoke(app, ["settings", "check", str(file)])
    assert ran.exit_code == 1
    assert "TERANG_SITE" in ran.stderr


def test_an_issuer_for_anyone_is_not_served_in_a_real_province() -> None:
    """`terang issuer` ends with status 2 where the province is a real one."""
    environment = {
        "TERANG_PROVINCE": "15",
        "TERANG_ISSUER": "https://terang.example/issuer",
        "TERANG_AUDIENCE": "terang",
    }
    ran = CliRunner().invoke(app, ["issuer"], env=environment)
    assert ran.exit_code == 2
    assert "15" in ran.stderr
