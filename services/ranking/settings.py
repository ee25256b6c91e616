"""What the ranking service is told by its environment."""

from shared import settings


class Settings(settings.Settings):
    """The settings of every service; it needs none of its own."""
