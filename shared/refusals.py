"""How the domain says no: a stable code and the facts that make its sentence."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ValueFault:
    """What is wrong with one value: `kind` and `facts` as pydantic names them, `says` its English.

    The sentences of kinds stand in shared/web/faults.toml.
    """

    kind: str
    facts: Mapping[str, object]
    says: str


class Refusal(Exception):  # noqa: N818 - it is an answer that the rules give, not an error of ours
    """A request or event that the rules do not allow.

    `code` is stable: it names the sentence in the service's problems.toml and ends the problem's
    `type`. `facts` fill the sentence's placeholders; they hold no personal data,
    and where they are words they are phrases (shared/phrases.py), also in a list. `errors` are the
    single faults where there are several (rows of a file, vacancies of a round), shown with the
    problem; the `reason` of one is a text, a Phrase, a ValueFault or a
    Refusal.
    """

    def __init__(
        self, code: str, *, errors: list[dict[str, object]] | None = None, **facts: object
    ) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts
        self.errors = errors or []
