"""The policies that the platform brings along, each a TOML file in this folder, and policies in
other files.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from shared.policies.lines import lines_of
from shared.policies.model import Fault, Policy, PolicyError, read
from shared.refusals import Refusal

FOLDER = Path(__file__).parent


def known() -> tuple[str, ...]:
    """Ids of all of them."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@lru_cache
def load(policy_id: str) -> Policy:
    """The policy of that id.

    Raises Refusal `unknown-policy` (policy, known) where there is none, PolicyError where its file
    is wrong.
    """
    if policy_id not in known():
        raise Refusal("unknown-policy", policy=policy_id, known=", ".join(known()))
    policy = read_file(FOLDER / f"{policy_id}.toml")
    if policy.id != policy_id:
        says = f"{policy_id}.toml holds the policy {policy.id}: file and id must agree"
        raise PolicyError(says, (Fault(("id",), says),))
    return policy


def read_file(path: Path) -> Policy:
    """The policy in a file.

    Raises PolicyError with every fault, its line, its place, and the authority that it concerns;
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
        raise _unread(path, says, line) from error
    try:
        values, lines = tomllib.loads(text), lines_of(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))  # 3.14 has it as an attribute
        line = int(at[1]) if at else text.count("\n") + 1
        raise _unread(path, (f"bukan TOML: {error}", f"not TOML: {error}"), line) from error
    except ValueError as error:  # Python's own limit
        raise _unread(
            path, ("ada bilangan yang terlalu panjang", "a number has too many digits")
        ) from error
    except RecursionError as error:
        says = (
            "daftar atau tabel bersarang terlalu dalam untuk dibaca",
            "arrays or tables stand within each other too deeply to be read",
        )
        raise _unread(path, says) from error
    return read(path.name, values, lines)


def _unread(path: Path, says: tuple[str, str], line: int | None = None) -> PolicyError:
    """The one fault of a file out of which no values come, in Indonesian and English."""
    indonesian, english = says
    return PolicyError(
        f"{path.name}: {english}", (Fault((), english, line, indonesian=indonesian),)
    )
