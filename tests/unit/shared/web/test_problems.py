"""Problems in words: single faults, of which there may be many, in one language."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_core._pydantic_core import list_all_errors

from shared.languages import Language
from shared.refusals import Refusal, ValueFault
from shared.web.problems import FAULT_SENTENCES, SHOWN_FAULTS, Problems

ROOT = Path(__file__).parents[4]


def reason(fault: ValueFault, language: Language) -> str:
    """The sentence that an answer has for one fault."""
    refusal = Refusal("invalid-request", errors=[{"field": "x", "reason": fault}], count=1)
    details = Problems("small", []).details(refusal, language)
    assert details.errors is not None
    return details.errors[0].reason


def own_kinds() -> Iterator[str]:
    """The kinds of faults that our own code raises."""
    for path in (*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PydanticCustomError":
                kind = node.args[0]
                if isinstance(kind, ast.Constant):
                    yield str(kind.value)


def test_sentences_name_what_their_fault_says() -> None:
    """Each sentence is there in Indonesian, and each of pydantic's kinds fills its placeholders."""
    given: dict[str, set[str]] = {
        error["type"]: {name for _, name, _, _ in string.Formatter().parse(template) if name}
        for error in list_all_errors()
        for template in [error["message_template_python"]]
    }
    for kind, sentences in FAULT_SENTENCES.items():
        assert "id" in sentences, kind
        for sentence in sentences.values():
            named = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
            assert named <= given.get(kind, named), kind


def test_kinds_of_our_own_have_a_sentence() -> None:
    """Whoever reads Indonesian is told what is wrong, not only that something is."""
    kinds = set(own_kinds())
    assert "vacancy_twice" in kinds
    assert sorted(kinds - FAULT_SENTENCES.keys()) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "This must be 'a' or 'b'."), ("id", "Isian ini harus 'a' atau 'b'.")],
)
def test_choices_are_told_in_one_language(language: Language, words: str) -> None:
    """The choices that pydantic joins by an English word, too."""
    fault = ValueFault("literal_error", {"expected": "'a' or 'b'"}, "Input should be 'a' or 'b'")
    assert reason(fault, language) == words


def test_a_kind_without_a_sentence_is_never_told_in_another_language() -> None:
    """English says what pydantic says; Indonesian says where to look."""
    fault = ValueFault("value_error", {"error": "x"}, "Value error, gaji_max is below gaji_min")
    assert reason(fault, "en") == "gaji_max is below gaji_min"
    assert reason(fault, "id") == FAULT_SENTENCES["other"]["id"]


def test_twenty_faults_are_named_and_the_others_counted() -> None:
    """Nobody reads more at once."""
    faults: list[dict[str, object]] = [{"field": str(at), "reason": "wrong"} for at in range(23)]
    details = Problems("small", []).details(
        Refusal("invalid-request", errors=faults, count=23), "en"
    )
    assert details.errors is not None
    assert [fault.field for fault in details.errors] == [str(at) for at in range(SHOWN_FAULTS)]
    assert details.more_errors == 3
