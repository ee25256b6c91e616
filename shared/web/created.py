"""Where to find what a request created."""

import json

from fastapi import Response

LOCATION = {
    "Location": {
        "description": "Where what was created can be read",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}
"""The header, for OpenAPI."""


def created(response: Response, path: str) -> Response:
    """`response` with a Location where it is a 201: `path` filled with fields of its JSON.

    Ids and participant numbers have no character that an address must escape.
    """
    if response.status_code == 201:
        response.headers["Location"] = path.format_map(json.loads(bytes(response.body)))
    return response
