"""Reads, without running them, how the source calls the queries of its .sql files."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosql.utils import SQLLoadException, SQLParseException

from shared.postgres import queries

LOADER = "shared.postgres.queries.load"
WRITTEN_OUT = "the connection alone comes first; each parameter is written out"
WHICH_FILE = "which file it loads is said with Path and __file__ alone"
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Module:
    """One Python file: what its names stand for, and which .sql files it loads."""

    name: str
    path: Path
    tree: ast.Module
    nodes: list[ast.AST]
    names: dict[str, str] = field(default_factory=dict)  # a name here → its full dotted name
    loads: dict[str, Path] = field(default_factory=dict)  # a variable here → the .sql file

    def dotted(self, expression: ast.expr) -> str | None:
        """The full dotted name that an expression like `SQL` or `storage.SQL` stands for."""
        match expression:
            case ast.Name(name):
                return self.names.get(name, f"{self.name}.{name}")
            case ast.Attribute(value, attribute):
                before = self.dotted(value)
                return f"{before}.{attribute}" if before else None
            case _:
                return None


def faults(root: Path, *folders: str, called_in: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with named queries and their calls in these folders of `root`, in lines.

    Calls in the folders `called_in` are checked too; they don't make a query a used one.
    """
    modules = {module.name: module for module in _modules(root, *folders, *called_in)}
    found = [
        f"{module.path.relative_to(root)}:{fault}"
        for module in modules.values()
        for fault in _read_loads(module)
        if module.path.relative_to(root).parts[0] in folders
    ]
    files = {path: None for module in modules.values() for path in module.loads.values()}
    found += [
        f"{path.relative_to(root)}: no module loads it"
        for folder in folders
        for path in sorted((root / folder).rglob("*.sql"))
        if path not in files and "-- name:" in path.read_text("utf-8")
    ]
    loaded: dict[Path, Any] = {}
    for path in files:
        try:
            loaded[path] = queries.load(path)
        except (OSError, SQLLoadException, SQLParseException) as error:
            found.append(f"{_within(root, path)}: {error}")
    used: set[tuple[Path, str]] = set()
    properties = _properties(modules.values())
    for module in modules.values():
        counts = module.path.relative_to(root).parts[0] in folders
        if not _near_queries(module, modules):
            continue
        for path, name, fault in Calls(module, loaded, properties).uses(modules):
            if counts:
                used.add((path, name))
            if fault:
                found.append(f"{module.path.relative_to(root)}:{fault}")
    return found + [
        f"{path.relative_to(root)}: {name} is never called"
        for path, sql in loaded.items()
        if path.relative_to(root).parts[0] in folders
        for name in _names(sql)
        if (path, name) not in used
    ]


def _within(root: Path, path: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _names(sql: Any) -> list[str]:
    """The queries of a file; aiosql adds a `…_cursor` for each that selects rows."""
    available = set(sql.available_queries)
    return sorted(available - {f"{name}_cursor" for name in available})


def _modules(root: Path, *folders: str) -> Iterator[Module]:
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            tree = ast.parse(path.read_text("utf-8"), str(path))
            module = Module(name, path, tree, list(ast.walk(tree)))
            for node in module.nodes:
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        bound = alias.asname or alias.name.partition(".")[0]
                        module.names[bound] = alias.name if alias.asname else bound
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    for alias in node.names:
                        module.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            yield module


def _read_loads(module: Module) -> Iterator[str]:
    """Notes which variables of a module hold which .sql file; yields what can't be read."""
    noted = set()
    for statement in module.tree.body:
        match statement:
            case ast.Assign([ast.Name(variable)], ast.Call(function, [where]) as call) if (
                module.dotted(function) == LOADER
            ):
                noted.add(call)
                expression = compile(ast.Expression(where), str(module.path), "eval")
                try:
                    path = eval(expression, {"Path": Path, "__file__": str(module.path)})
                except NameError as error:
                    yield f"{statement.lineno}: {error}: {WHICH_FILE}"
                else:
                    module.loads[variable] = path.resolve()
    for node in module.nodes:
        if isinstance(node, ast.Call) and node not in noted and module.dotted(node.func) == LOADER:
            yield f"{node.lineno}: queries are loaded into a variable of the module"


def _near_queries(module: Module, modules: dict[str, Module]) -> bool:
    """Whether a module has queries by any name; most have none, and needn't be read further."""
    return any(
        _file_of(name, modules) or (name in modules and modules[name].loads)
        for name in (module.name, *module.names.values())
    )


def _file_of(name: str | None, modules: dict[str, Module]) -> Path | None:
    """The .sql file that a dotted name holds, also where it is imported by way of a module."""
    for _ in range(len(modules)):
        module_name, _, variable = (name or "").rpartition(".")
        module = modules.get(module_name)
        if module is None:
            return None
        if variable in module.loads:
            return module.loads[variable]
        if variable not in module.names:
            return None
        name = module.names[variable]
    return None


@dataclass(slots=True)
class Calls:
    """Reads the calls of queries in one module."""

    module: Module
    loaded: dict[Path, Any]
    properties: dict[str, set[str] | None]
    parents: dict[ast.AST, ast.AST] = field(init=False)

    def __post_init__(self) -> None:
        self.parents = {
            child: parent for parent in self.module.nodes for child in ast.iter_child_nodes(parent)
        }

    def uses(self, modules: dict[str, Module]) -> Iterator[tuple[Path, str, str]]:
        """Each use of a query: the .sql file, the query's name and what is wrong, or nothing."""
        for node in self.module.nodes:
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            path = _file_of(self.module.dotted(node), modules)
            if path not in self.loaded or not isinstance(node.ctx, ast.Load):
                continue
            used = self.parents[node]
            if not isinstance(used, ast.Attribute):
                fault = f"{node.lineno}: {ast.unparse(node)} is passed on: its use can't be read"
                yield path, "", fault
                continue
            fault = self._fault(used, self.loaded[path])
            yield path, used.attr.removesuffix("_cursor"), fault and f"{used.lineno}: {fault}"

    def _fault(self, used: ast.Attribute, sql: Any) -> str:
        """What is wrong with `SQL.name` where it stands."""
        query = ast.unparse(used)
        if used.attr not in sql.available_queries:
            return f"{query}: there is no such query"
        match self.parents[used]:
            case ast.Attribute(_, "sql"):
                return ""
            case ast.Call(function, arguments) as call if function is used:
                wanted = set(getattr(sql, used.attr).__signature__.parameters) - {"self"}
                given = self._given(call)
                if given is None or len(arguments) != 1 or isinstance(arguments[0], ast.Starred):
                    return f"{query}: {WRITTEN_OUT}"
                missing = ", ".join(sorted(wanted - given))
                superfluous = ", ".join(sorted(given - wanted))
                says = [f"without {missing}"] * bool(missing)
                says += [f"with {superfluous}, which it doesn't have"] * bool(superfluous)
                return f"{query} is called {' and '.join(says)}" if says else ""
            case _:
                return f"{query} is passed on: its call can't be read"

    def _given(self, call: ast.Call) -> set[str] | None:
        """The names of the parameters of a call; None where they can't be read."""
        given: set[str] = set()
        for keyword in call.keywords:
            keys = self._keys(keyword.value) if keyword.arg is None else {keyword.arg}
            if keys is None:
                return None
            given |= keys
        return given

    def _keys(self, value: ast.expr) -> set[str] | None:
        """The keys of `**value`: a dict as written, or what a name is set to once or always alike.

        A variable is looked for in the function around it, an attribute in the class around it and
        among the properties of all classes.
        """
        if isinstance(value, ast.Dict):
            return _keys_of(value, self._keys)
        if isinstance(value, ast.Attribute) and value.attr in self.properties:
            return self.properties[value.attr]
        kinds = ast.ClassDef if isinstance(value, ast.Attribute) else _FUNCTIONS
        around: ast.AST | None = value
        while around is not None and not isinstance(around, kinds):
            around = self.parents.get(around)
        name = ast.unparse(value)
        written = [
            self._keys(node.value)
            for node in (ast.walk(around) if around else ())
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)
            if name in map(ast.unparse, _targets(node))
        ]
        return written[0] if written and all(keys == written[0] for keys in written) else None


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _keys_of(
    written: ast.Dict, inner: Callable[[ast.expr], set[str] | None] = lambda _: None
) -> set[str] | None:
    """The keys of a dict as it is written; `inner` reads a `**value` in it."""
    found: set[str] = set()
    for key, value in zip(written.keys, written.values, strict=True):
        keys = inner(value) if key is None else None
        if isinstance(key, ast.Constant):
            keys = {str(key.value)}
        if keys is None:
            return None
        found |= keys
    return found


def _properties(modules: Iterable[Module]) -> dict[str, set[str] | None]:
    """The keys of each property that returns a dict as written; None where two differ."""
    found: dict[str, set[str] | None] = {}
    for module in modules:
        for node in module.nodes:
            match node:
                case ast.FunctionDef(
                    name=name,
                    body=[*_, ast.Return(ast.Dict() as written)],
                    decorator_list=[ast.Name("property")],
                ):
                    keys = _keys_of(written)
                    found[name] = keys if found.get(name, keys) == keys else None
                case _:
                    pass
    return found
