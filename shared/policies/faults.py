"""What can be wrong with a policy: where, and in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from typing_extensions import override

from shared.languages import Language

Location = tuple[str | int, ...]
"""Where something stands in a policy: keys and positions from the top."""


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """One thing that is wrong with a policy.

    `line` is that of the file, `authority` the decree and article of the figure concerned.
    """

    location: Location
    says: str
    line: int | None = None
    authority: str | None = None
    indonesian: str | None = None

    def told(self, language: Language) -> str:
        """What is wrong; in English where there are no other words."""
        return (self.indonesian if language == "id" else None) or self.says

    @override
    def __str__(self) -> str:
        at = "" if self.line is None else f"line {self.line}, "
        by = "" if self.authority is None else f" ({self.authority})"
        return f"{at}{'.'.join(map(str, self.location)) or 'policy'}: {self.says}{by}"


class PolicyError(Exception):
    """A policy that does not hold together; the text names every fault with its location."""

    def __init__(self, text: str, faults: tuple[PolicyFault, ...] = ()) -> None:
        super().__init__(text)
        self.faults = faults


class InconsistencyError(ValueError):
    """What is wrong between a policy's parts, as its validator raises it."""

    def __init__(self, faults: Sequence[PolicyFault]) -> None:
        super().__init__("; ".join(fault.says for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part of a policy that a check looks at: its location, and what sentences call it."""

    location: Location
    name: str

    def part(self, name: str, *steps: str | int) -> "CheckedPart":
        """A part within this one, `steps` further in."""
        return CheckedPart((*self.location, *steps), f"{self.name}, {name}")

    def fault(self, says: str, *steps: str | int) -> PolicyFault:
        """A fault of this part, `steps` further in."""
        return PolicyFault((*self.location, *steps), f"{self.name}: {says}")


def repeated(names: Sequence[str]) -> list[str]:
    """The names that stand more than once, in alphabetical order."""
    return sorted({name for name in names if names.count(name) > 1})


def repetitions(location: Location, kind: str, names: Iterable[str]) -> Iterator[PolicyFault]:
    """A fault for each name that stands more than once."""
    for name in repeated([*names]):
        yield PolicyFault(location, f"{kind} {name} stands twice")
