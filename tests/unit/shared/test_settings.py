"""The province key, as the settings take it."""

import re
import secrets
import traceback
from pathlib import Path

import pytest

from services.exams.settings import Settings
from services.feedback.settings import Settings as FeedbackSettings
from shared.settings import DEMO_PROVINCE_KEY, SettingsError, read_settings

ROOT = Path(__file__).parents[3]
NEEDED = {
    "TERANG_PROVINCE": "15",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "DATABASE_URL_EXAMS": "postgresql://exams:7d9f0c2ab61e4f58@127.0.0.1/exams",
    "DATABASE_URL_FEEDBACK": "postgresql://feedback:7d9f0c2ab61e4f58@127.0.0.1/feedback",
    "TERANG_ISSUER": "https://login.example",
    "TERANG_AUDIENCE": "terang",
}


def read(key: str, **other: str) -> Settings:
    """The settings of exams with this province key."""
    return read_settings(Settings, "exams", NEEDED | {"TERANG_PROVINCE_KEY": key} | other)


def test_a_key_drawn_by_chance_is_taken_and_never_shown() -> None:
    """It makes accounts; nothing that prints the settings prints it."""
    key = secrets.token_hex(32)
    settings = read(key)
    assert settings.accounts.key.hex() == key
    assert settings.accounts.issuer == NEEDED["TERANG_ISSUER"]
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert key not in shown


@pytest.mark.parametrize(
    "key",
    [
        "",
        "demonstration",
        "ab" * 32,
        "0" * 64,
        DEMO_PROVINCE_KEY[:62],
        DEMO_PROVINCE_KEY.upper(),
    ],
)
def test_a_key_that_can_be_guessed_stops_the_process_without_being_shown(key: str) -> None:
    """Too short, not hexadecimal, or made of a few digits."""
    with pytest.raises(SettingsError, match=r"TERANG_PROVINCE_KEY: .*openssl rand -hex 32") as stop:
        read(key)
    assert not key or key not in "".join(traceback.format_exception(stop.value))


def test_a_service_that_decides_in_rounds_does_not_start_without_the_key() -> None:
    """The setting is named."""
    with pytest.raises(SettingsError, match="TERANG_PROVINCE_KEY"):
        read_settings(Settings, "exams", NEEDED)


def test_the_demonstrations_key_is_for_the_demonstration_alone() -> None:
    """It stands in a file that everyone can read."""
    file = (ROOT / "deploy" / "provinces" / "99.env").read_text("utf-8")
    assert re.findall("^TERANG_PROVINCE_KEY=(.*)$", file, re.MULTILINE) == [DEMO_PROVINCE_KEY]
    assert read(DEMO_PROVINCE_KEY, TERANG_PROVINCE="99").accounts
    with pytest.raises(SettingsError, match="the demonstration's"):
        read(DEMO_PROVINCE_KEY)


def test_feedback_decides_in_no_round_and_has_no_key() -> None:
    """One file of settings serves all; feedback passes the key over."""
    key = {"TERANG_PROVINCE_KEY": secrets.token_hex(32)}
    settings = read_settings(FeedbackSettings, "feedback", NEEDED | key)
    assert not hasattr(settings, "accounts")


def test_the_setting_says_that_it_is_never_changed() -> None:
    """And what breaks otherwise."""
    field = Settings.model_fields["province_key"]
    assert field.title
    assert "never changed" in (field.description or "")
