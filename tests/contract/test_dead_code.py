"""Nothing stays that nobody uses: vulture, and what it can't see."""

import fnmatch
import importlib
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import vulture
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
PRODUCT = ("services", "shared", "deploy")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["vulture"]


def modules(*folders: str) -> Iterator[str]:
    """The dotted name of each module that can be imported without being run."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] != "__main__":
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """Every pydantic model that has been imported."""
    for model in base.__subclasses__():
        yield model
        yield from models(model)


@cache
def used_elsewhere() -> frozenset[str]:
    """Fields that pydantic reads and writes, and each word that a template has in its code."""
    for name in modules(*PRODUCT):
        importlib.import_module(name)
    fields = {
        field
        for model in models()
        if model.__module__.startswith(PRODUCT)
        for field in model.model_fields
    }
    code = [
        code
        for folder in PRODUCT
        for path in (ROOT / folder).rglob("*.html")
        for code in re.findall(r"{[{%].*?[%}]}", path.read_text("utf-8"), re.DOTALL)
    ]
    return frozenset(fields.union(*(re.findall(r"\w+", piece) for piece in code)))


@cache
def unused(*folders: str) -> list[tuple[str, str]]:
    """What no module of these folders uses: where and what it is, and its name."""
    reader = vulture.Vulture(ignore_decorators=SETTINGS["ignore_decorators"])
    reader.scavenge([str(ROOT / folder) for folder in folders])
    return [
        (f"{os.path.relpath(item.filename, ROOT)}:{item.first_lineno}: {item.typ}", item.name)
        for item in reader.get_unused_code(min_confidence=SETTINGS["min_confidence"])
        if item.name not in used_elsewhere()
    ]


def dead(found: list[tuple[str, str]]) -> list[str]:
    """What is left without the names that pyproject.toml says are used."""
    ignored = re.compile("|".join(fnmatch.translate(name) for name in SETTINGS["ignore_names"]))
    return [f"{where} {name}" for where, name in found if not ignored.match(name)]


def test_the_product_has_no_dead_code() -> None:
    """What tests alone use is dead too."""
    assert dead(unused(*PRODUCT)) == []


def test_tests_have_no_dead_code() -> None:
    """Fixtures and test functions are pytest's to call."""
    assert [line for line in dead(unused(*PRODUCT, "tests")) if line.startswith("tests/")] == []


def test_every_ignored_name_is_needed() -> None:
    """A name that vulture would no longer miss is taken out of pyproject.toml."""
    missed = [name for _, name in unused(*PRODUCT, "tests") + unused(*PRODUCT)]
    assert [name for name in SETTINGS["ignore_names"] if not fnmatch.filter(missed, name)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def forsaken(): ...", ["function forsaken"]),
        ("class Forsaken: ...", ["class Forsaken"]),
        ("FORSAKEN = 1", ["variable FORSAKEN"]),
        ("class Kept:\n    def forsaken(self): ...\nKept()", ["method forsaken"]),
        ("def kept(): ...\nkept()", []),
    ],
)
def test_planted_dead_code_is_found(tmp_path: Path, source: str, found: list[str]) -> None:
    """A function, class, variable or method that nothing uses is named."""
    (tmp_path / "planted.py").write_text(source, "utf-8")
    assert [f"{where.rpartition(' ')[2]} {name}" for where, name in unused(str(tmp_path))] == found
