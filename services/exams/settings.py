"""The settings of exams, out of its environment."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Those of every service, and none besides."""
