"""The languages in which the platform speaks to people."""

from typing import Literal

Language = Literal["id", "en"]
"""Indonesian and English, by their ISO 639-1 codes."""
