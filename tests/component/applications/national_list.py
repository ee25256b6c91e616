"""A list of vacancies as long as the national one, made of the real rows of the demonstration."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from uuid import NAMESPACE_URL, uuid5

from tests.component.applications.conftest import real_list

NATIONAL = 94_476
"""Vacancies of the national list of 2024."""

UNITS_OF_A_PATH = 300
"""Units that one real unit's path stands for."""


def national_list(vacancies: int = NATIONAL) -> tuple[bytes, bytes, int]:
    """A file of so many vacancies, the file of their units, and their seats together."""
    rows = list(_rows(vacancies))
    paths = list(dict.fromkeys(row["lokasi_nm"] for row in rows))
    units = ([f"U-{n:06d}", path, 10 + n % 90] for n, path in enumerate(paths))
    return (
        _csv(list(rows[0]), (list(row.values()) for row in rows)),
        _csv(["unit_id", "path", "staff"], units),
        sum(int(row["jumlah_formasi"]) for row in rows),
    )


def _rows(vacancies: int) -> Iterator[dict[str, str]]:
    real = list(csv.DictReader(io.StringIO(real_list())))
    for n, row in enumerate(islice(cycle(real), vacancies)):
        unit = f"{row['lokasi_nm']} | UNIT {n // len(real) % UNITS_OF_A_PATH}"
        yield row | {"formasi_id": str(uuid5(NAMESPACE_URL, f"{n}")), "lokasi_nm": unit}


def _csv(header: Sequence[str], rows: Iterator[list[object]] | Iterator[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()
