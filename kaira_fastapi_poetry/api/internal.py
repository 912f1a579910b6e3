"""What the machine asks and visitors must not: the edge answers 404 for these paths."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response

from kaira_fastapi_poetry import __version__
from kaira_fastapi_poetry.site.assets import Assets
from kaira_fastapi_poetry.telemetry import metrics

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def exposition(request: Request) -> Response:
    """The metrics of all workers, for Prometheus; 404 for whoever comes through a proxy.

    Our edge answers that itself. Those of container platforms send on everything.
    """
    if "x-forwarded-for" in request.headers:
        raise HTTPException(404)
    return Response(
        metrics.exposition(request.app.state.settings.release, __version__),
        headers={"cache-control": "no-store", "content-type": metrics.CONTENT_TYPE},
    )


@router.get("/_paths")
async def paths(request: Request) -> Response:
    """Every path of the site, a line each: what the edge asks for to fill its cache.

    The ETag changes with the content of any file.
    """
    assets: Assets = request.app.state.assets()
    headers = {"cache-control": "no-store", "etag": f'"{assets.digest}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    lines = "".join(f"{path}\n" for path in assets.paths)
    return Response(lines, headers=headers, media_type="text/plain")
