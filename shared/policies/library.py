"""The policies that the platform brings along, each a TOML file in this folder."""

import tomllib
from functools import lru_cache
from pathlib import Path

from shared.policies.model import Policy, PolicyError, read
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
    path = FOLDER / f"{policy_id}.toml"
    try:
        policy = read(path.name, tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path.name} is not TOML: {error}") from error
    if policy.id != policy_id:
        raise PolicyError(f"{path.name} holds the policy {policy.id}: file and id must agree")
    return policy
