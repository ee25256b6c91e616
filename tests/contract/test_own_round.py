"""Of each operation it is said whether a candidate of the round is refused, or why not."""

from shared.contracts.catalogue import SERVICES
from tests.component.test_own_round import DECISIONS, NO_DECISIONS
from tests.openapi import document, operations


def test_every_operation_that_changes_something_is_a_decision_or_says_why_not() -> None:
    """A new operation stands in one of the tables, before it can be landed."""
    changing = {
        f"{service} {operation.id}"
        for service in SERVICES
        for operation in operations(document(service))
        if operation.method != "GET"
    }
    assert changing == DECISIONS.keys() | NO_DECISIONS.keys()
    assert not DECISIONS.keys() & NO_DECISIONS.keys()
