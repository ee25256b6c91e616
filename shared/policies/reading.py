"""Reads policies out of files, and says of each fault where it stands and what it rests on."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.policies.faults import InconsistencyError, Location, PolicyError, PolicyFault
from shared.policies.model import IN_A_FILE, Policy
from shared.policies.toml_lines import line_numbers
from shared.policies.value_faults import describe_value_fault

AUTHORITIES_APART = {
    "ties": "ties_authority",
    "codes": "codes_authority",
    "education": "education_authority",
    "result_code": "result_code_authority",
}
"""What has its authority beside it, in a field of its own."""

AUTHORITIES_INSIDE = {"thresholds", "quotas", "objections"}
"""What has the authorities of its parts."""


def read_file(path: Path) -> Policy:
    """The policy in a file.

    Raises PolicyError with every fault, its line, its location, and the authority that it concerns;
    OSError.
    """
    try:
        text = path.read_text("utf-8-sig")  # editors on Windows put a byte order mark before it
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        says = (
            "bukan UTF-8: simpan berkas dengan pengodean itu",
            "not UTF-8: save the file in that encoding",
        )
        raise _unreadable(path, says, line) from error
    try:
        values, lines = tomllib.loads(text), line_numbers(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))  # 3.14 has it as an attribute
        line = int(at[1]) if at else text.count("\n") + 1
        raise _unreadable(path, (f"bukan TOML: {error}", f"not TOML: {error}"), line) from error
    except ValueError as error:  # Python's own limit
        says = ("ada bilangan yang terlalu panjang", "a number has too many digits")
        raise _unreadable(path, says) from error
    except RecursionError as error:
        says = (
            "daftar atau tabel bersarang terlalu dalam untuk dibaca",
            "arrays or tables stand within each other too deeply to be read",
        )
        raise _unreadable(path, says) from error
    return read_policy(path.name, values, lines)


def read_policy(
    source: str, values: Mapping[str, Any], lines: Mapping[Location, int] | None = None
) -> Policy:
    """The policy that `values` hold.

    `lines` says on which line of the file each location stands, if it is a file: there each
    authority must be used, too. A fault also names the authority of the figure that it concerns,
    where one stands near.

    Raises PolicyError naming `source` (a file) and every fault with its location.
    """
    try:
        return Policy.model_validate(values, context=None if lines is None else IN_A_FILE)
    except ValidationError as error:
        faults = tuple(
            replace(
                fault,
                line=_line_of(fault.location, lines or {}),
                authority=_authority_near(fault.location, values),
            )
            for fault in _faults_in(error)
        )
        text = "\n  ".join([f"{source} is no policy:", *map(str, faults)])
        raise PolicyError(text, faults) from error


def _unreadable(path: Path, says: tuple[str, str], line: int | None = None) -> PolicyError:
    """The one fault of a file out of which no values come, in Indonesian and English."""
    indonesian, english = says
    fault = PolicyFault((), english, line, indonesian=indonesian)
    return PolicyError(f"{path.name}: {english}", (fault,))


def _faults_in(error: ValidationError) -> Iterator[PolicyFault]:
    """The faults of single values, and those between parts."""
    for details in error.errors():
        context = details.get("ctx", {})
        if isinstance(between := context.get("error"), InconsistencyError):
            yield from between.faults
            continue
        indonesian, english = describe_value_fault(details["type"], details["msg"], context)
        # pydantic's word for a key itself
        location: Location = tuple(step for step in details["loc"] if step != "[key]")
        yield PolicyFault(location, english, indonesian=indonesian)


def _line_of(location: Location, lines: Mapping[Location, int]) -> int | None:
    """The line of a location, or of what holds it where it stands nowhere."""
    for length in range(len(location), 0, -1):
        if location[:length] in lines:
            return lines[location[:length]]
    return None


# The authority of a fault


def _authority_near(location: Location, values: Mapping[str, Any]) -> str | None:
    """Decree and article of the innermost part around a location that names an authority.

    Where all thresholds together are wrong, those of all of them.
    """
    known = values.get("authorities")
    if not isinstance(known, Mapping):
        return None
    names = dict.fromkeys(_authorities_near(location, values))
    cited = [_decree_and_article(known.get(name)) for name in names]
    return "; ".join(filter(None, cited)) or None


def _authorities_near(location: Location, values: Mapping[str, Any]) -> list[str]:
    if len(location) > 1 and location[0] == "authorities":
        return [str(location[1])]
    fields = [AUTHORITIES_APART[str(step)] for step in location if step in AUTHORITIES_APART]
    for key, part in reversed(_around(location, values)):
        if names := _named_by(key, part, [*fields, "authority"]):
            return names
    return []


def _around(location: Location, values: Mapping[str, Any]) -> list[tuple[str | int | None, Any]]:
    """The parts around a location with their keys, from the whole policy inwards."""
    around: list[tuple[str | int | None, Any]] = [(None, values)]
    for step in location:
        try:
            around.append((step, around[-1][1][step]))
        except (KeyError, IndexError, TypeError):
            break
    return around


def _named_by(key: str | int | None, part: object, fields: list[str]) -> list[str]:
    """The authority that a part names first, or those that its parts name."""
    if isinstance(part, Mapping):
        return [part[field] for field in fields if isinstance(part.get(field), str)][:1]
    if key in AUTHORITIES_INSIDE and isinstance(part, list):
        inner = [_named_by(None, entry, ["authority"]) for entry in part]
        return [name for names in inner for name in names]
    return []


def _decree_and_article(authority: object) -> str:
    """What there is of both."""
    if not isinstance(authority, Mapping):
        return ""
    both = (authority.get("decree"), authority.get("article"))
    return ", ".join(text for text in both if isinstance(text, str) and text)
