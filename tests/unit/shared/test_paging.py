"""Pagination by cursor: pages follow each other, and a cursor of nobody's is refused."""

import base64

import pytest

from shared.paging import from_cursor, page, to_cursor
from shared.refusals import Refusal


def test_a_page_leads_to_the_next_until_the_last() -> None:
    """One item more than the page holds says that there is a next page."""
    first = page([1, 2, 3], 2, lambda item: (item,))
    assert first.items == [1, 2]
    assert from_cursor(first.next, fields=1) == [2]
    last = page([3, 4], 2, lambda item: (item,))
    assert (last.items, last.next) == ([3, 4], None)


def test_a_cursor_comes_back_as_its_key() -> None:
    """Strings and integers of any kind; no cursor is no key."""
    assert from_cursor(to_cursor("é|ü", 7, ""), fields=3) == ["é|ü", 7, ""]
    assert from_cursor(None, fields=3) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "?",
        "abc",
        to_cursor("one"),
        to_cursor("a", "b", "c"),
        to_cursor("a", "\x00"),
        to_cursor("a", "\ud800"),
        *(to_cursor("a", part) for part in (True, None, 1.5, -1, 2**31, 2**70, ["a"], {"a": 1})),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
        base64.urlsafe_b64encode(b'{"a": 1}').decode(),
    ],
)
def test_another_cursor_is_refused(cursor: str) -> None:
    """What is no base64, no JSON, of another length, or not to be sent to PostgreSQL.

    So is what is neither text nor integer, or too large an integer.
    """
    with pytest.raises(Refusal) as refused:
        from_cursor(cursor, fields=2)
    assert refused.value.code == "bad-cursor"
