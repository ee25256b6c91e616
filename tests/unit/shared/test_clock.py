"""The clock of demonstrations, which no province has."""

import secrets
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from shared.clock import DemoClock, utc_now
from shared.settings import ServiceSettings, SettingsError, read_settings

SERVICES = ("applications", "exams", "ranking", "feedback")


def settings_of(service: str, **own: str) -> ServiceSettings:
    """The settings of a service in the demonstration's province, or in another."""
    password = secrets.token_hex(24)
    environment = {
        "TERANG_PROVINCE": "99",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        f"DATABASE_URL_{service.upper()}": f"postgresql://terang:{password}@127.0.0.1/terang",
        "TERANG_ISSUER": "https://login.example",
        "TERANG_AUDIENCE": "terang",
        "TERANG_PROVINCE_KEY": secrets.token_hex(32),
    }
    model: type[ServiceSettings] = import_module(f"services.{service}.settings").Settings
    return read_settings(model, service, environment | own)


@pytest.mark.parametrize("service", SERVICES)
def test_a_province_with_a_demo_clock_does_not_start(service: str, tmp_path: Path) -> None:
    """Only province 99 has a clock that can be moved; the fault names the setting."""
    file = str(tmp_path / "clock")
    with pytest.raises(SettingsError, match=r"TERANG_DEMO_CLOCK: .*only province 99"):
        settings_of(service, TERANG_PROVINCE="15", TERANG_DEMO_CLOCK=file)
    assert isinstance(settings_of(service, TERANG_DEMO_CLOCK=file).clock, DemoClock)
    assert settings_of(service).clock is utc_now
    assert settings_of(service, TERANG_PROVINCE="15").clock is utc_now


def test_all_who_read_the_file_are_moved_at_once_and_forward_only(tmp_path: Path) -> None:
    """Two processes' clocks are ahead by what one of them was moved by, added up."""
    mover, reader = DemoClock(tmp_path / "clock"), DemoClock(tmp_path / "clock")
    assert reader.ahead == timedelta()
    for days in (3, 2):
        mover.move(timedelta(days=days))
    assert reader.ahead == timedelta(days=5)
    before = utc_now()
    assert before + timedelta(days=5) <= reader() <= utc_now() + timedelta(days=5)
    with pytest.raises(ValueError, match="forward only"):
        mover.move(timedelta(days=-1))
    assert reader.ahead == timedelta(days=5)
