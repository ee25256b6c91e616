"""The policies that the platform brings along, each a TOML file in this folder."""

from functools import lru_cache
from pathlib import Path

from shared.policies.faults import PolicyError, PolicyFault
from shared.policies.model import Policy
from shared.policies.reading import read_file
from shared.refusals import Refusal

POLICIES_FOLDER = Path(__file__).parent


def bundled_ids() -> tuple[str, ...]:
    """Ids of all of them, in alphabetical order."""
    return tuple(sorted(path.stem for path in POLICIES_FOLDER.glob("*.toml")))


@lru_cache
def load(policy_id: str) -> Policy:
    """The policy of that id.

    Raises Refusal `unknown-policy` (policy, known) where there is none, PolicyError where its file
    is wrong.
    """
    if policy_id not in bundled_ids():
        raise Refusal("unknown-policy", policy=policy_id, known=", ".join(bundled_ids()))
    policy = read_file(POLICIES_FOLDER / f"{policy_id}.toml")
    if policy.id != policy_id:
        says = f"{policy_id}.toml holds the policy {policy.id}: file and id must agree"
        raise PolicyError(says, (PolicyFault(("id",), says),))
    return policy
