"""The policies that the platform brings along, each a TOML file in this folder, and policies in other files."""

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
    """The policy of that id. Raises Refusal `unknown-policy` (policy, known) where there is none, PolicyError where its file is wrong."""
    if policy_id not in known():
        raise Refusal("unknown-policy", policy=policy_id, known=", ".join(known()))
    policy = read_file(FOLDER / f"{policy_id}.toml")
    if policy.id != policy_id:
        raise PolicyError(f"{policy_id}.toml holds the policy {policy.id}: file and id must agree")
    return policy


def read_file(path: Path) -> Policy:
    """The policy in a file. Raises PolicyError with every fault, its line, its place, and the authority that it concerns; OSError."""
    text = path.read_text("utf-8")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))  # 3.14 has it as an attribute
        line = int(at[1]) if at else text.count("\n") + 1
        raise PolicyError(f"{path.name} is not TOML: {error}", (Fault((), f"not TOML: {error}", line),)) from error
    return read(path.name, values, lines_of(text))
