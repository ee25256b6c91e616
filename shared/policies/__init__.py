"""Selection policies: rules as data, each figure with its authority, and the model that reads them."""

from shared.policies.library import load, read_file
from shared.policies.model import (
    Bonus,
    Component,
    Evidence,
    List,
    Need,
    Policy,
    PolicyError,
    SeatGroup,
    SeatMove,
    Stage,
    Threshold,
)

__all__ = [
    "Bonus",
    "Component",
    "Evidence",
    "List",
    "Need",
    "Policy",
    "PolicyError",
    "SeatGroup",
    "SeatMove",
    "Stage",
    "Threshold",
    "load",
    "read_file",
]
