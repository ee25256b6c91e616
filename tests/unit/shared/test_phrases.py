"""Phrases in both languages, and what is put into them."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest

from shared.languages import Language
from shared.phrases import PHRASES, Phrase
from shared.policies import load
from shared.policies.parts import Quota
from shared.refusals import Refusal
from shared.web.problems import Problems

ROOT = Path(__file__).parents[3]


def phrases_made() -> Iterator[tuple[str, set[str]]]:
    """Name and facts of each phrase that the code names as it stands."""
    for path in (*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name("Phrase"), args=[ast.Constant(name)], keywords=facts):
                    yield str(name), {str(fact.arg) for fact in facts}
                case _:
                    pass


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_phrase_has_words() -> None:
    """Each phrase of the code is there in both languages, which want the facts that it gives."""
    made = list(phrases_made())
    assert {"application", "line-not-utf8", "points-off-step"} <= {name for name, _ in made}
    for name, facts in made:
        for text in (PHRASES[name]["id"], PHRASES[name]["en"]):
            assert named(text) == facts, name


def test_no_words_without_a_phrase() -> None:
    """What stands in phrases.toml is used; answers to an offer are named by what was answered."""
    made = {name for name, _ in phrases_made()} | {"accepted", "declined"}
    assert sorted(PHRASES.keys() - made) == []


def test_a_refusal_names_no_english_fact_inside_indonesian() -> None:
    """Facts of a Refusal are numbers and names; words among them are phrases.

    "Tidak ada application 0009-000001 for vacancy a-general di sini" came of such a fact.
    """
    found = []
    for path in (*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                facts = [part for part in node.keywords if part.arg != "errors"]
                found += [
                    f"{path.name}:{node.lineno} {fact.arg}" for fact in facts if has_words(fact)
                ]
    assert found == []


def has_words(fact: ast.keyword) -> bool:
    """Whether a fact is a text put together of words."""
    value = fact.value
    if not isinstance(value, ast.JoinedStr):
        return False
    texts = (str(part.value) for part in value.values if isinstance(part, ast.Constant))
    return any(character.isalpha() for text in texts for character in text)


@pytest.mark.parametrize(
    ("language", "points", "said"),
    [
        ("id", {"TWK": "121"}, "121 bukan kelipatan 5"),
        ("en", {"TWK": "121"}, "121 is no multiple of 5"),
        ("id", {"TWK": "155"}, "155 melebihi nilai paling tinggi, 150"),
        ("id", {}, "nilainya belum ada"),
        ("id", {"TWK": "-5"}, "-5 kurang dari 0"),
    ],
)
def test_why_points_are_refused_is_of_one_language(
    language: Language, points: dict[str, str], said: str
) -> None:
    """An Indonesian sentence said "TWK: 121 is no multiple of 5"."""
    stated = {"TIU": Decimal(130), "TKP": Decimal(181)} | {
        code: Decimal(value) for code, value in points.items()
    }
    [(component, fault)] = load("national-cpns-2024").point_faults("skd", stated, "UMUM")
    named = [Phrase("component-fault", component=component, fault=fault)]
    refusal = Refusal(
        "points-refused", faults=named, errors=[{"field": component, "reason": fault}]
    )
    details = Problems("exams", [ROOT / "services/exams/problems.toml"]).details(refusal, language)
    assert details.errors is not None
    assert details.errors[0].reason == said
    assert f"TWK: {said}." in details.detail


def test_a_quota_that_is_not_met_is_said_in_both_languages() -> None:
    """The kinds of need that fall short stood in English inside Indonesian."""
    quota = Quota(need="DISABILITAS", least_percent=Decimal(2), authority="decree")
    policy = load("national-cpns-2024").model_copy(update={"quotas": (quota,)})
    [short] = policy.quota_faults({"UMUM": 99, "DISABILITAS": 1})
    assert short.told("id") == "DISABILITAS: 1 dari 100 kebutuhan kurang dari 2 %"
    assert short.told("en") == "DISABILITAS: 1 of 100 seats are less than 2 %"
