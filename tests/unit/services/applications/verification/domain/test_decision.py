"""What may be decided of an application."""

import pytest

from services.applications.registration.domain import ApplicationStatus
from services.applications.verification.domain.decision import Decision, decide
from shared.refusals import Refusal


@pytest.mark.parametrize(
    ("status", "stood", "decision", "reasons", "outcome"),
    [
        ("submitted", (), "MS", (), True),
        ("submitted", (), "TMS", ("document-missing",), True),
        ("verified", (), "MS", (), False),
        (
            "rejected",
            ("document-missing", "data-differ"),
            "TMS",
            ("data-differ", "document-missing"),
            False,
        ),
        ("rejected", ("document-missing",), "TMS", ("data-differ",), "already-decided"),
        ("verified", (), "TMS", ("data-differ",), "already-decided"),
        ("rejected", ("data-differ",), "MS", (), "already-decided"),
        ("withdrawn", (), "MS", (), "already-withdrawn"),
        ("submitted", (), "TMS", (), "reasons-needed"),
        ("submitted", (), "MS", ("data-differ",), "reasons-not-taken"),
        ("submitted", (), "TMS", ("data-differ", "rude"), "unknown-reasons"),
    ],
)
def test_decide(
    status: ApplicationStatus,
    stood: tuple[str, ...],
    decision: Decision,
    reasons: tuple[str, ...],
    outcome: bool | str,
) -> None:
    """A decision is new, or stands already, or is refused by name."""
    if isinstance(outcome, bool):
        assert decide(status, stood, decision, reasons) is outcome
    else:
        with pytest.raises(Refusal) as refused:
            decide(status, stood, decision, reasons)
        assert refused.value.code == outcome
