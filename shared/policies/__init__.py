"""Selection policies: rules as data, each figure with its authority, and their model."""

from shared.policies.bundled import POLICIES_FOLDER, bundled_ids, load
from shared.policies.faults import PolicyError, PolicyFault
from shared.policies.fields import FACTS, Exact, Positive, Text
from shared.policies.list_checks import MAX_UNITS
from shared.policies.lists import Codes, List, Tie
from shared.policies.model import Policy
from shared.policies.parts import TO_BE_CONFIRMED, Need, SeatGroup, SeatMove
from shared.policies.reading import read_file, read_policy
from shared.policies.stages import Bonus, Component, EvidenceScale, Stage, Threshold

__all__ = [
    "FACTS",
    "MAX_UNITS",
    "POLICIES_FOLDER",
    "TO_BE_CONFIRMED",
    "Bonus",
    "Codes",
    "Component",
    "EvidenceScale",
    "Exact",
    "List",
    "Need",
    "Policy",
    "PolicyError",
    "PolicyFault",
    "Positive",
    "SeatGroup",
    "SeatMove",
    "Stage",
    "Text",
    "Threshold",
    "Tie",
    "bundled_ids",
    "load",
    "read_file",
    "read_policy",
]
