"""A fault as it was drawn from the seed."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What, to whom, how long, how many seconds after the others; `n` chooses among variants."""

    kind: str
    target: str
    seconds: float
    after: float
    n: int

    @property
    def told(self) -> dict[str, Any]:
        return asdict(self)
