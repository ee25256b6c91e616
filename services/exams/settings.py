"""The settings of exams: those of every process, and none besides."""

from shared.settings import Settings

__all__ = ["Settings"]
