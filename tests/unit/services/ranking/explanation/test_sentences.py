"""The sentences of an explanation stand in both languages."""

from dataclasses import fields
from string import Formatter

from services.ranking.explanation.domain.account import Explanation
from services.ranking.explanation.domain.sentences import texts
from services.ranking.merit.domain.standing import Gate


def test_both_languages_say_the_same_things() -> None:
    """Every sentence stands in both languages and wants the same facts, and each outcome and field
    has one.
    """
    said = texts()
    assert said["id"].keys() == said["en"].keys()
    for key, text in said["id"].items():
        wanted = [
            {name for _, name, _, _ in Formatter().parse(template) if name}
            for template in (text, said["en"][key])
        ]
        assert wanted[0] == wanted[1], key
        assert text != said["en"][key] or key == "term"  # figures alone
    outcomes = {gate.name.lower() for gate in Gate} - {"ranked"} | {"within", "passed", "undecided"}
    assert {f"outcome-{outcome}" for outcome in outcomes} <= said["id"].keys()
    assert "gpa" not in {field.name for field in fields(Explanation)}
