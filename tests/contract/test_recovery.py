"""Of every field of every event, recovery.toml says whether `terang recover` restores it."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from deploy.cli.recover import restore_of
from deploy.postgres.migrate import folders
from shared.contracts.catalogue import SERVICES, Service, stated_by

ROOT = Path(__file__).parents[2]
TABLE: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
    Path(__file__).with_name("recovery.toml").read_text("utf-8")
)
ON_NO_LOG = TABLE.pop("tables")
"""Own tables that no field is restored to, by service: what becomes of them."""

SAYS = re.compile(r"(restored to|names) \w+\.\w+(, \w+\.\w+)*|not restored: .{10,}")


def columns(service: str) -> dict[str, str]:
    """The text that makes each table of a service, by the table's name."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "services" / service / "migrations").glob("*.sql")):
        up = path.read_text("utf-8").partition("-- migrate:down")[0]
        made = r"(?:CREATE|ALTER) TABLE (?:\w+\.)?(\w+)(.*?);"
        for name, text in re.findall(made, re.sub(r"--.*", "", up), re.DOTALL):
            found[name] = found.get(name, "") + text
    return found


def own_tables(service: str) -> set[str]:
    """The tables that hold what a service decided: those in `public`."""
    found: set[str] = set()
    rooms = [folder for folder in folders(service) if folder.parent.name != "messaging"]
    for path in sorted((path for room in rooms for path in room.glob("*.sql")), key=by_number):
        up = path.read_text("utf-8").partition("-- migrate:down")[0]
        found.update(re.findall(r"CREATE TABLE public\.(\w+)", up))
        for was, now in re.findall(r"ALTER TABLE public\.(\w+) RENAME TO (\w+)", up):
            found = (found - {was}) | {now}
    return found


def by_number(path: Path) -> str:
    """Migrations run in the order of their numbers, whatever room they are of."""
    return path.name


def test_every_service_is_there() -> None:
    """A service that states events has a table of its own."""
    assert TABLE.keys() == set(SERVICES)
    assert all(find_spec(f"services.{service}") for service in TABLE)


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_is_there(service: Service) -> None:
    """An event or a field that is added says here what becomes of it in a recovery."""
    stated = {
        contract.model.__name__: list(contract.model.model_fields)
        for contract in stated_by(service).values()
    }
    there = {(event, field) for event, fields in TABLE[service].items() for field in fields}
    wanted = {(event, field) for event, fields in stated.items() for field in fields}
    missing = [f"{event}.{field}" for event, field in sorted(wanted - there)]
    assert missing == [], (
        f"add to [{service}] of tests/contract/recovery.toml: 'restored to table.column' or"
        " 'not restored: reason'"
    )
    assert sorted(there - wanted) == [], "take these out of tests/contract/recovery.toml"
    assert TABLE[service].keys() == stated.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_what_it_says_can_be_read_and_exists(service: Service) -> None:
    """Each field is restored to columns that exist, names a row, or has a reason."""
    tables = columns(service)
    for event, fields in TABLE[service].items():
        for field, says in fields.items():
            assert SAYS.fullmatch(says), f"{event}.{field}: {says}"
            if says.startswith("not restored"):
                continue
            for table, column in re.findall(r"(\w+)\.(\w+)", says):
                assert table in tables, f"{event}.{field}: there is no table {table}"
                known = re.search(rf"\b{column}\b", tables[table])
                assert known, f"{event}.{field}: {table} has no column {column}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_own_table_is_there(service: Service) -> None:
    """Of each table that holds decisions it is said what fills it again, or what is lost."""
    says = " ".join(says for fields in TABLE[service].values() for says in fields.values())
    restored = set(re.findall(r"(\w+)\.\w+", says))
    listed = ON_NO_LOG["every"].keys() | ON_NO_LOG[service].keys()
    own = own_tables(service)
    assert sorted(own - restored - listed) == [], (
        f"add to [tables.{service}] of tests/contract/recovery.toml what becomes of it"
    )
    assert sorted(ON_NO_LOG[service].keys() - own) == []
    assert sorted(ON_NO_LOG[service].keys() & restored) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_without_restoring_says_so(service: Service) -> None:
    """Who has no `restore` restores nothing, and who has one restores something."""
    restored = [says for row in TABLE[service].values() for says in row.values()]
    has_some = any(says.startswith("restored") for says in restored)
    assert has_some is (restore_of(service) is not None)
