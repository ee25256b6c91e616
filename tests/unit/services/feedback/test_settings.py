"""Feedback's settings."""

import pytest

from services.feedback.settings import Settings
from shared.settings import SettingsError, read_settings

NEEDED = {
    "TERANG_PROVINCE": "99",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "DATABASE_URL_FEEDBACK": "postgresql://feedback@127.0.0.1/feedback",
    "TERANG_ISSUER": "http://127.0.0.1/issuer",
    "TERANG_AUDIENCE": "terang",
}


def test_the_limits_come_from_the_environment() -> None:
    """A decimal stays the decimal that was written."""
    settings = read_settings(
        Settings, "feedback", NEEDED | {"TERANG_FEEDBACK_FLAG_PROBABILITY": "0.99"}
    )
    assert str(settings.limits.flag_probability) == "0.99"
    assert str(settings.limits.ratio) == "1.5"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TERANG_FEEDBACK_CLEAR_PROBABILITY", "0.95"),
        ("TERANG_FEEDBACK_WORKLOAD_CLEAR", "1.2"),
        ("TERANG_FEEDBACK_FLAG_RATIO", "0.9"),
        ("TERANG_FEEDBACK_FLAG_COMPLAINTS", "many"),
        ("TERANG_FEEDBACK_FLAGS", "5"),
    ],
)
def test_limits_that_make_no_sense_stop_the_process_by_name(name: str, value: str) -> None:
    """A clearing limit that isn't under its flagging one, a ratio under 1, no number, a name that
    doesn't exist.
    """
    with pytest.raises(SettingsError, match=name):
        read_settings(Settings, "feedback", NEEDED | {name: value})


def test_each_setting_says_what_it_is() -> None:
    """Title and description, for the operator."""
    assert [
        name
        for name, field in Settings.model_fields.items()
        if not (field.title and field.description)
    ] == []
