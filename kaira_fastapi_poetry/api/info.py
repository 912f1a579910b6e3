"""`/api/info`: what is running here."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from kaira_fastapi_poetry import __version__

router = APIRouter(prefix="/api")


@router.api_route("/info", methods=["GET", "HEAD"])
async def info(request: Request, response: Response) -> dict[str, str]:
    """Name, version, release and environment."""
    response.headers["cache-control"] = "no-store"
    settings = request.app.state.settings
    return {
        "name": "kaira",
        "version": __version__,
        "release": settings.release,
        "environment": settings.environment,
    }
