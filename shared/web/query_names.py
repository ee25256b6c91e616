"""Query parameters that a route does not know, or gets twice, are refused by name."""

from collections import Counter

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from shared.refusals import Refusal
from shared.web.pages import PageRoute

LANGUAGE = "lang"
"""Every page has it, and errors are said in it."""

LONGEST_SHOWN = 60
"""Characters of a name that an answer repeats."""


def _is_added_by_others(name: str) -> bool:
    """What networks and newsletters append to a shared link; a page is still the one asked for."""
    return name in {"fbclid", "gclid"} or name.startswith("utm_")


def known_names(route: APIRoute) -> tuple[str, ...]:
    """The query parameters of a route and of what it depends on, in order; the language apart."""
    fields = get_flat_params(route.dependant)
    return tuple(
        dict.fromkeys(field.alias for field in fields if isinstance(field.field_info, Query))
    )


def _faults(route: APIRoute, times: Counter[str]) -> dict[str, Refusal]:
    """What is wrong with each name of a query."""
    known = known_names(route)
    words = ", ".join(known) or "–"
    unknown = {
        name: Refusal("unknown-parameter", name=name[:LONGEST_SHOWN], known=words)
        for name in times
        if name not in {*known, LANGUAGE}
    }
    repeated = {
        name: Refusal("repeated-parameter", name=name[:LONGEST_SHOWN])
        for name, count in times.items()
        if count > 1
    }
    return repeated | unknown


async def refuse_other_queries(request: Request) -> None:
    """Refuses a request whose query has names that its route does not know, or one twice.

    Raises Refusal `invalid-request`, for a page `wrong-address`.
    """
    if not request.url.query:
        return
    route = request.scope["route"]
    times = Counter(name for name, _ in request.query_params.multi_items())
    if isinstance(route, PageRoute):
        times = Counter({name: n for name, n in times.items() if not _is_added_by_others(name)})
    if faults := _faults(route, times):
        raise _refusal(route, faults)


def _refusal(route: APIRoute, faults: dict[str, Refusal]) -> Refusal:
    if isinstance(route, PageRoute):
        names = ", ".join(name[:LONGEST_SHOWN] for name in faults)
        return Refusal("wrong-address", parts=names)
    errors: list[dict[str, object]] = [
        {"field": name[:LONGEST_SHOWN], "reason": reason} for name, reason in faults.items()
    ]
    return Refusal("invalid-request", errors=errors, count=len(errors))
