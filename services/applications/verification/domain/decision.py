"""Whether an application meets the requirements (MS) or not (TMS): decided once."""

from collections.abc import Collection, Sequence
from typing import Literal

from services.applications.registration.domain import ApplicationStatus
from services.applications.verification.domain.reasons import REASONS
from shared.refusals import Refusal

Decision = Literal["MS", "TMS"]


def status_after(decision: Decision) -> Literal["verified", "rejected"]:
    """The status of an application on which this was decided."""
    return "verified" if decision == "MS" else "rejected"


def decide(
    status: ApplicationStatus,
    stood: Collection[str],
    decision: Decision,
    reasons: Sequence[str],
) -> bool:
    """Whether the decision is new: False where the same one stands.

    `stood` are the reasons of the decision that stands. Raises Refusal `reasons-needed`,
    `reasons-not-taken`, `unknown-reasons`, `already-withdrawn`, or `already-decided` where another
    decision stands.
    """
    check_reasons(decision, reasons)
    if status == "withdrawn":
        raise Refusal("already-withdrawn")
    if status == "submitted":
        return True
    if (status, set(stood)) != (status_after(decision), set(reasons)):
        raise Refusal("already-decided", decision="MS" if status == "verified" else "TMS")
    return False


def check_reasons(decision: Decision, reasons: Sequence[str]) -> None:
    """Checks that TMS has known reasons, and MS none.

    Raises Refusal `reasons-needed`, `reasons-not-taken`, or `unknown-reasons`.
    """
    if decision == "TMS" and not reasons:
        raise Refusal("reasons-needed", known=", ".join(REASONS))
    if decision == "MS" and reasons:
        raise Refusal("reasons-not-taken")
    unknown = sorted(set(reasons) - REASONS.keys())
    if unknown:
        raise Refusal("unknown-reasons", unknown=", ".join(unknown), known=", ".join(REASONS))
