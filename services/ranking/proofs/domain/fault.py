"""What is wrong with a published file, in words for people who do not know pydantic."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

HALF_A_CHARACTER = "half a character (a lone surrogate) is no text"


class ProofFault(Exception):  # noqa: N818 - a fault of a file, as its readers know it
    """The first thing that is wrong with a file: where, and what was expected."""

    def __init__(self, where: str, says: str) -> None:
        super().__init__(f"{where}: {says}")
        self.where = where
        self.says = says


_IN_WORDS = {
    "dict_type": "expected an object",
    "extra_forbidden": "nothing is called so here",
    "int_type": "expected an integer",
    "list_type": "expected a list",
    "literal_error": "expected {expected}",
    "missing": "it is missing",
    "model_attributes_type": "expected an object",
    "model_type": "expected an object",
    "string_pattern_mismatch": "expected a text like {pattern}",
    "string_type": "expected a text",
    "string_unicode": HALF_A_CHARACTER,
    "union_tag_invalid": "expected one of the kinds {expected_tags}",
    "union_tag_not_found": "expected an object that says of which kind it is",
    "value_error": "{error}",
}
"""Sentences by pydantic's error types; any other only says that something else was expected."""


def first_fault(error: ValidationError, where: str) -> ProofFault:
    """The first error of a model's validation as a fault."""
    first = error.errors()[0]
    at = ".".join(map(str, first["loc"]))
    says = _IN_WORDS.get(first["type"], "expected something else").format(**first.get("ctx", {}))
    return ProofFault(f"{where}, {at}" if at else where, says)


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], value: object) -> Model:
    """The value as this model. Raises ProofFault with the first thing that does not fit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise first_fault(error, "the file") from error
