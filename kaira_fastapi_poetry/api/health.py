"""`/health`: whether to send visitors here. App Engine asks so before it does."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from kaira_fastapi_poetry import __version__
from kaira_fastapi_poetry.lifecycle import lifecycle
from kaira_fastapi_poetry.telemetry.certificate import certificate

router = APIRouter()


@router.get("/_ah/warmup", include_in_schema=False)  # of a new instance; its body is not read
@router.api_route(
    "/health", methods=["GET", "HEAD"], responses={503: {"description": "It drains; leave."}}
)
async def health(request: Request, response: Response) -> dict[str, Any]:
    """200 while all is well, 503 from SIGTERM on; the release that answers, and for how long.

    With the certificate that the edge shows, where there is one.
    """
    response.headers["cache-control"] = "no-store"
    if lifecycle.draining:
        response.status_code = 503
    facts: dict[str, Any] = {
        "status": "draining" if lifecycle.draining else "ok",
        "release": request.app.state.settings.release,
        "version": __version__,
        "uptime_seconds": round(lifecycle.uptime, 3),
    }
    if found := certificate():
        expires = found.expires.isoformat().replace("+00:00", "Z")
        facts["certificate"] = {"names": found.names, "expires": expires}
    return facts
