"""Each contract of import-linter in pyproject.toml finds what it is there to find."""

import re
from collections.abc import Iterator
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.application.use_cases import read_user_options
from importlinter.configuration import configure
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract

ROOT = Path(__file__).parents[2]
configure()
SETTINGS = read_user_options(str(ROOT / "pyproject.toml"))
KINDS: dict[str, Any] = {
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
}
CONTRACTS: dict[str, dict[str, Any]] = {
    options["name"]: options for options in SETTINGS.contracts_options
}
Import = tuple[str, str]
"""Who imports, and what."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Every import of the tree."""
    packages = SETTINGS.session_options["root_packages"]
    return grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)


def matching(graph: grimp.ImportGraph, expression: str) -> list[str]:
    """The modules that an expression with `*` stands for; one without stands for itself."""
    if "*" not in expression:
        return [expression]
    pattern = re.escape(expression).replace(r"\*\*", ".+").replace(r"\*", "[^.]+")
    return sorted(module for module in graph.modules if re.fullmatch(pattern, module))


def imports_against(graph: grimp.ImportGraph, contract: dict[str, Any]) -> Iterator[Import]:
    """Imports that the contract must find, one for each thing that it names."""
    if contract["type"] == "independence":
        yield from permutations(contract["modules"], 2)
    elif contract["type"] == "layers":
        for container in contract["containers"]:
            layers = [re.split(r" *[|:] *", layer) for layer in contract["layers"]]
            for higher, lower in pairwise(layers):
                yield f"{container}.{lower[0]}", f"{container}.{higher[0]}"
            for layer, line in zip(layers, contract["layers"], strict=True):
                if "|" in line:
                    yield f"{container}.{layer[0]}", f"{container}.{layer[1]}"
    else:
        (first, *_) = matching(graph, contract["forbidden_modules"][0])
        for source in contract["source_modules"]:
            for module in matching(graph, source):
                yield module, first
        (module, *_) = matching(graph, contract["source_modules"][0])
        for forbidden in contract["forbidden_modules"]:
            for found in matching(graph, forbidden):
                yield module, found


def is_kept(graph: grimp.ImportGraph, contract: dict[str, Any], *planted: Import) -> bool:
    """Whether a contract holds, with an import planted or without."""
    for importer, imported in planted:
        if imported not in graph.modules:
            graph.add_module(imported, is_squashed=True)
        graph.add_import(importer=importer, imported=imported)
    try:
        checked = KINDS[contract["type"]](contract["name"], SETTINGS.session_options, contract)
        return bool(checked.check(graph, verbose=False).kept)
    finally:
        for importer, imported in planted:
            graph.remove_import(importer=importer, imported=imported)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_name_in_a_contract_stands_for_something(graph: grimp.ImportGraph, name: str) -> None:
    """A pattern that matches no module any more would be kept for ever."""
    contract = CONTRACTS[name]
    expressions = [
        *contract.get("source_modules", ()),
        *contract.get("modules", ()),
        *(name for name in contract.get("forbidden_modules", ()) if "*" in name),
    ]
    assert [name for name in expressions if not set(matching(graph, name)) & graph.modules] == []


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_planted_import_breaks_its_contract(graph: grimp.ImportGraph, name: str) -> None:
    """What a contract forbids is found wherever the contract says that it is forbidden."""
    contract = CONTRACTS[name]
    planted = list(imports_against(graph, contract))
    assert planted
    assert is_kept(graph, contract)
    assert [pair for pair in planted if is_kept(graph, contract, pair)] == []


def found_by_one(graph: grimp.ImportGraph, importer: str, imported: str) -> bool:
    return any(
        not is_kept(graph, contract, (importer, imported))
        for contract in CONTRACTS.values()
        if contract["type"] == "forbidden"
    )


def test_every_domain_is_pure(graph: grimp.ImportGraph) -> None:
    """Whatever the room: a domain that asked the database would be found."""
    domains = [name for name in graph.modules if re.fullmatch(r"services\..+\.domain(\..+)?", name)]
    assert len(domains) > 10
    assert [name for name in domains if not found_by_one(graph, name, "asyncpg")] == []


def test_no_command_imports_a_view(graph: grimp.ImportGraph) -> None:
    """Whatever the room: a use case that imported a view would be found."""
    commands = [
        name for name in graph.modules if re.fullmatch(r"services\..+\.usecases(\..+)?", name)
    ]
    views = [name for name in graph.modules if re.fullmatch(r"services\..+\.views", name)]
    assert len(commands) > 10
    assert [name for name in commands if not found_by_one(graph, name, views[0])] == []
