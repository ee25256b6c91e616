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
    "DATABASE_URL_RANKING": "postgresql://ranking:7d9f0c2ab6@postgres/ranking",
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
    ("TERANG_ISSUER_ADDRESS", "http://keycloak:8080/realms/terang"),
    ("TERANG_ISSUER_ADDRESS", "https://issuer:8000/issuer"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:demonstration-ranking@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:ranking@postgres/ranking"),
    ("DATABASE_URL_RANKING", "postgresql://ranking:Postgres@postgres/ranking"),
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
    """With https and a password of its own, or none in the address, a province starts."""
    assert read().roles_claim == "roles"
    assert read(DATABASE_URL_RANKING="postgresql://ranking@postgres/ranking").province == "15"


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
