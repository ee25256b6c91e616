"""The settings of exams, out of its environment."""

from shared.settings import RoundSettings


class Settings(RoundSettings):
    """Those of services that decide in rounds, and none besides."""
