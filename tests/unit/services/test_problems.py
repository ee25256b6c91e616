"""Every refusal of a service has its sentences in a problems.toml, in both languages.

Their placeholders are filled from the facts at hand.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

import pytest

from shared.contracts.catalogue import SERVICES

ROOT = Path(__file__).parents[3]
OF_EVERY_SERVICE = ROOT / "shared" / "web" / "problems.toml"


@dataclass(frozen=True)
class Raised:
    """A Refusal made somewhere: its code as a pattern, and the names of its facts.

    A part of the code that is put in when running is `.+`.
    """

    where: str
    code: str
    facts: frozenset[str]


def raised_in(source: str, where: str) -> Iterator[Raised]:
    """Every Refusal that a module makes. Fails on one whose code or facts can't be read off."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Refusal"
        ):
            place = f"{where}:{node.lineno}"
            facts = [keyword.arg for keyword in node.keywords if keyword.arg != "errors"]
            assert node.args, f"{place}: a Refusal without a code"
            assert None not in facts, (
                f"{place}: name each fact, so that its sentence can be checked"
            )
            yield Raised(place, _code(node.args[0], place), frozenset(map(str, facts)))


def _code(node: ast.expr, place: str) -> str:
    match node:
        case ast.Constant(value=str(code)):
            return re.escape(code)
        case ast.JoinedStr(values=parts):
            return "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+"
                for part in parts
            )
        case _:
            pytest.fail(f"{place}: a code that can't be read off the source")


def sentences(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Code → language → title and detail."""
    return {
        code: {key: row[key] for key in ("id", "en")}
        for code, row in tomllib.loads(path.read_text("utf-8")).items()
    }


def placeholders(texts: dict[str, str]) -> set[str]:
    """Names that a title and a detail want to be filled with."""
    names = {
        name
        for text in texts.values()
        for _, name, _, _ in Formatter().parse(text)
        if name is not None
    }
    return {re.split(r"[.\[]", name)[0] for name in names}


def faults(raised: Raised, known: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    """What is missing for one Refusal to be said in words."""
    codes = [code for code in known if re.fullmatch(raised.code, code)]
    if not codes:
        return [f"{raised.where}: no sentence for {raised.code}"]
    return [
        f"{raised.where}: the sentence of {code} ({language}) wants {sorted(missing)}"
        for code in codes
        for language, texts in known[code].items()
        if (missing := placeholders(texts) - raised.facts)
    ]


def modules(where: str) -> list[Path]:
    """The module at a path, or all modules in a folder."""
    path = ROOT / where
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def all_raised(where: str) -> list[Raised]:
    return [
        each
        for path in modules(where)
        for each in raised_in(path.read_text("utf-8"), str(path.relative_to(ROOT)))
    ]


def opens_policies(service: str) -> bool:
    """Whether a service loads policies, and so passes on what they refuse."""
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("shared.policies")
        and any(name.name == "load" for name in node.names)
        for path in modules(f"services/{service}")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_has_words(service: str) -> None:
    """Each Refusal of a service has a sentence in Indonesian and in English.

    The sentence's placeholders are among the Refusal's facts.
    """
    known = sentences(OF_EVERY_SERVICE) | sentences(ROOT / "services" / service / "problems.toml")
    raised = all_raised(f"services/{service}")
    if opens_policies(service):
        raised += all_raised("shared/policies")
    assert raised
    assert [fault for each in raised for fault in faults(each, known)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_words_without_a_refusal(service: str) -> None:
    """Every sentence has a code that leads to it.

    What stands in problems.toml is what a client may meet.
    """
    raised = all_raised(f"services/{service}") + (
        all_raised("shared/policies") if opens_policies(service) else []
    )
    known = sentences(ROOT / "services" / service / "problems.toml")
    assert [
        code for code in known if not any(re.fullmatch(each.code, code) for each in raised)
    ] == []


def test_what_every_service_refuses_has_words() -> None:
    """The same for what shared code refuses by itself: tokens, files, cursors, keys."""
    known = sentences(OF_EVERY_SERVICE)
    raised = [
        refusal
        for where in ("shared/web", "shared/proposals", "shared/paging.py", "shared/csv_files.py")
        for refusal in all_raised(where)
    ]
    assert [fault for refusal in raised for fault in faults(refusal, known)] == []


@pytest.mark.parametrize("folder", ["shared/web", *(f"services/{service}" for service in SERVICES)])
def test_both_languages(folder: str) -> None:
    """Each problem has a status of an error, and a title and a detail in both languages.

    Both languages want the same facts.
    """
    for code, row in tomllib.loads((ROOT / folder / "problems.toml").read_text("utf-8")).items():
        assert set(row) == {"status", "en", "id"}, code
        assert 400 <= row["status"] < 600, code
        for language in ("en", "id"):
            assert set(row[language]) == {"title", "detail"}, code
            assert all(text.strip() for text in row[language].values()), code
        assert placeholders(row["en"]) == placeholders(row["id"]), code
        assert row["en"]["detail"] != row["id"]["detail"], code


def test_a_missing_sentence_is_found() -> None:
    """The check finds a code without a sentence, and a placeholder without a fact.

    Codes that are put together when running are seen too.
    """
    source = (
        'raise Refusal("gone")\n'
        'raise Refusal("seats", have=1, errors=[])\n'
        'raise Refusal(f"was-{state}", who=2)\n'
    )
    gone, seats, was = raised_in(source, "x.py")
    known = {
        "seats": {
            "id": {"title": "", "detail": "{have} dari {decreed}"},
            "en": {"title": "", "detail": "{have}"},
        },
        "was-scored": {"id": {"title": "{who}", "detail": ""}, "en": {"title": "", "detail": ""}},
    }
    assert faults(gone, known) == ["x.py:1: no sentence for gone"]
    assert faults(seats, known) == ["x.py:2: the sentence of seats (id) wants ['decreed']"]
    assert faults(was, known) == []
