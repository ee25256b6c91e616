"""Pagination by cursor: the sort key of the last item seen, opaque to the reader.

The next page starts after that key in the index.
"""

import base64
import binascii
import json
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from shared.refusals import Refusal

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some of a list, in its order."""

    items: list[Item] = Field(description="Of this page, in the order of the list")
    next: str | None = Field(None, description="Cursor of the page after; none on the last")


def to_cursor(*key: Any) -> str:
    """The cursor that stands for a sort key of strings and integers."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def from_cursor(cursor: str | None, *, fields: int) -> list[Any] | None:
    """The sort key of a cursor, or none.

    Raises Refusal `bad-cursor` for what `to_cursor` did not make.
    """
    if cursor is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        json.dumps(
            key, ensure_ascii=False
        ).encode()  # half a character (a lone surrogate) can't be sent to PostgreSQL
    except (ValueError, binascii.Error, RecursionError) as error:
        raise Refusal("bad-cursor") from error
    if not isinstance(key, list) or len(key) != fields or not all(map(_may_be_sent, key)):
        raise Refusal("bad-cursor")
    return key


def _may_be_sent(part: Any) -> bool:
    """Whether PostgreSQL can compare with it: a text without NUL, or an integer of its own."""
    if isinstance(part, str):
        return "\x00" not in part
    return type(part) is int and 0 <= part < 2**31


def text_after(cursor: str | None) -> str:
    """The text after which a list goes on; the empty text comes before all.

    Raises Refusal `bad-cursor`.
    """
    (key,) = from_cursor(cursor, fields=1) or ("",)
    if not isinstance(key, str):
        raise Refusal("bad-cursor")
    return key


def number_after(cursor: str | None) -> int:
    """The number after which a list goes on; 0 comes before all. Raises Refusal `bad-cursor`."""
    (key,) = from_cursor(cursor, fields=1) or (0,)
    if type(key) is not int or not 0 <= key < 2**31:
        raise Refusal("bad-cursor")
    return key


def page(items: list[Item], limit: int, key: Any) -> Page[Item]:
    """A page of at most `limit` out of `limit + 1` items that were fetched.

    `key(item)` gives the sort key as a tuple.
    """
    more = len(items) > limit
    return Page(items=items[:limit], next=to_cursor(*key(items[limit - 1])) if more else None)
