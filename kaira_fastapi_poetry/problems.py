"""Errors of the API as problem+json (RFC 9457): what went wrong, and nothing of our insides."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

# The same for whoever reads the OpenAPI.
PROBLEM_CONTENT: dict[str, Any] = {
    MEDIA_TYPE: {
        "schema": {
            "type": "object",
            "required": ["type", "title", "status"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {"type": "array", "items": {"type": "object"}},
            },
        }
    }
}


def problem(
    status: int, detail: str | None = None, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """A response of type application/problem+json.

    status: the status code; detail: a sentence for whoever made the request;
    members: extension members, "errors" say.
    """
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail is not None:
        body["detail"] = detail
    return Response(
        orjson.dumps({**body, **members}),
        status,
        {"cache-control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )
