"""Parts of sentences in both languages: what a refusal is about, or why."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from typing_extensions import override

from shared.languages import Language

PHRASES: Mapping[str, Mapping[Language, str]] = tomllib.loads(
    Path(__file__).with_name("phrases.toml").read_text("utf-8")
)


@runtime_checkable
class Told(Protocol):
    """What can be said in either language."""

    def told(self, language: Language) -> str:
        """The same in words."""


class Phrase:
    """A phrase of phrases.toml by name, with the facts that fill it; these may be phrases."""

    def __init__(self, name: str, /, **facts: object) -> None:
        self.name = name
        self.facts = facts

    def told(self, language: Language) -> str:
        """The phrase in words. Raises KeyError for a name or fact that is missing: a bug."""
        return PHRASES[self.name][language].format_map(facts_told(self.facts, language))

    @override
    def __repr__(self) -> str:
        return self.told("en")


def facts_told(facts: Mapping[str, object], language: Language) -> dict[str, object]:
    """The facts, with words for what can be said in either language."""
    return {name: fact_told(fact, language) for name, fact in facts.items()}


def fact_told(fact: object, language: Language) -> object:
    """A fact in words where it can be said in either language; several are joined by `;`."""
    if isinstance(fact, list):
        return "; ".join(str(fact_told(part, language)) for part in fact)
    return fact.told(language) if isinstance(fact, Told) else fact
