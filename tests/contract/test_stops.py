"""Of every stop for an operator stops.toml says which test carries its remedy out."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE: dict[str, str] = tomllib.loads(Path(__file__).with_name("stops.toml").read_text("utf-8"))[
    "remedies"
]
UNTRIED = re.compile(r"untried: .{10,}")


def stops() -> Iterator[str]:
    """Each function that makes an OperatorNeeded, as `path::name`."""
    for folder in ("shared", "services", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _makes(node):
                    yield f"{path.relative_to(ROOT)}::{node.name}"


def _makes(function: ast.AST) -> bool:
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Name) and call.func.id == "OperatorNeeded" for call in calls
    )


def test_every_stop_is_there() -> None:
    """A stop that is added says which test does what its remedy says, and then sees it go on."""
    assert sorted(set(stops()) - TABLE.keys()) == [], "add to tests/contract/stops.toml"
    assert sorted(TABLE.keys() - set(stops())) == [], "take out of tests/contract/stops.toml"


def test_every_test_that_is_named_exists() -> None:
    """A remedy is tried by a test of that name, or it is said why none does."""
    for stop, tried in TABLE.items():
        if UNTRIED.fullmatch(tried):
            continue
        path, _, name = tried.partition("::")
        text = (ROOT / path).read_text("utf-8")
        assert re.search(rf"^async def {name}\(|^def {name}\(", text, re.MULTILINE), stop
