"""`terang recover` restores what tests/contract/recovery.toml says, event by event."""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.recover import restore_of
from shared.contracts.catalogue import Service, stated_by
from shared.contracts.fields import Fact
from shared.messaging.envelope import Record
from shared.messaging.outbox import Statement, headers_from_text
from shared.postgres.pool import Connection
from tests.component.conftest import ServiceApp
from tests.contract.test_recovery import TABLE

EXAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "examples"
BEFORE: dict[Service, tuple[str, ...]] = {
    "applications": ("UnitRegistered", "RoundOpened", "VacancyPublished", "ApplicationSubmitted"),
    "exams": ("ExamScheduled",),
    "ranking": (),
    "feedback": ("ComplaintFiled", "UnitFlagged"),
}
"""What other events of a service are about, in the order in which it is stated."""

UNIT = "U-017"
LOG = """
SELECT *, row_number() OVER (PARTITION BY topic, partition ORDER BY id) AS number
  FROM messaging.outbox ORDER BY topic, partition, id
"""


def example(model: type[Fact]) -> Fact:
    """The full example of an event; all are about one round, vacancy, person and unit."""
    path = EXAMPLES / model.__name__ / "full.json"
    fact = model.model_validate_json(path.read_text("utf-8"))
    about = {"unit_id": UNIT} if "unit_id" in model.model_fields else {}
    return fact.model_copy(update=about)


async def records_of(app: ServiceApp, connection: Connection, facts: list[Fact]) -> list[Record]:
    """These facts, as the service's topics would hold them."""
    await app.outbox.append(connection, [Statement(fact, time=app.clock()) for fact in facts])
    records = []
    for row in await connection.fetch(LOG):
        headers = (*headers_from_text(row["headers"]), ("ce_sequence", b"%d" % row["number"]))
        at = (row["topic"], row["partition"], row["number"] - 1)
        records.append(Record(*at, row["key"], row["data"], headers, 0))
    return records


def plain(value: Any) -> Any:
    """A value so that an event's and a column's compare: numbers, times and what is in them."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        for read in (Decimal, lambda text: datetime.fromisoformat(text).astimezone(UTC)):
            try:
                return read(value)
            except (ArithmeticError, ValueError):
                continue
    return value


def expected(fact: Fact, field: str, before: list[Fact]) -> list[Any]:
    """The values, one of which a column holds where the field is restored."""
    value = fact.model_dump(mode="json")[field]
    if field == "days":  # of a complaint's answer: how long after it was filed
        filed = next(other.filed_on for other in before if hasattr(other, "filed_on"))
        assert isinstance(filed, date)
        value = (filed + timedelta(days=value)).isoformat()
    return [plain(value), *(plain(value).values() if isinstance(value, dict) else ())]


@pytest.mark.parametrize("service", BEFORE)
async def test_what_is_said_to_be_restored_is_restored(
    service: Service, service_app: Callable[..., Awaitable[ServiceApp]]
) -> None:
    """From its log alone an empty database has the field's value in the column that is named."""
    app = await service_app(service)
    restore = restore_of(service)
    assert restore is not None
    models = {contract.model.__name__: contract.model for contract in stated_by(service).values()}
    wrong = []
    for name, model in models.items():
        known = BEFORE[service]
        names = known[: known.index(name)] if name in known else known
        before = [example(models[other]) for other in names]
        fact = example(model)
        async with app.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await restore(connection, await records_of(app, connection, [*before, fact]))
            for field, says in TABLE[service][name].items():
                if says.startswith("not restored"):
                    continue
                for table, column in re.findall(r"(\w+)\.(\w+)", says):
                    rows = await connection.fetch(f"SELECT to_jsonb({column})::text FROM {table}")
                    held = [
                        plain(json.loads(row[0], parse_float=Decimal))
                        for row in rows
                        if row[0] is not None
                    ]
                    if not any(value in held for value in expected(fact, field, before)):
                        wrong.append(f"{name}.{field}: {table}.{column} holds {held}")
            await transaction.rollback()
    assert wrong == []
