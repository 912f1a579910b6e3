"""The application in development, which `kaira serve --reload` starts.

Each request sees the folder as it is at that moment; what cannot be pressed is shown in the
browser, where whoever made the mistake is looking.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from kaira_fastapi_poetry.app import create_app
from kaira_fastapi_poetry.lifecycle import lifecycle
from kaira_fastapi_poetry.press.live import LiveBundle
from kaira_fastapi_poetry.press.press import PressError
from kaira_fastapi_poetry.settings import load_settings
from kaira_fastapi_poetry.site.bundle import Bundle, bundle_dir


def create_live_app() -> ASGIApp:
    """The application with the site of `SITE_DIR` as it is now and at each request."""
    settings = load_settings()
    lifecycle.leave_seconds = 0.0  # nobody routes requests here, and a reload should be quick
    site = _Site(LiveBundle(settings.site_dir, bundle_dir(settings.site_dir)))
    return _ShowMistakes(create_app(settings, site), site)


# Private


class _Site:
    """The site now; while it cannot be pressed, as it was, with `mistake` saying why."""

    def __init__(self, live: LiveBundle) -> None:
        self._live = live
        self._last = Bundle()
        self.mistake: str | None = None

    def __call__(self) -> Bundle:
        try:
            self._last = self._live.current()
            self.mistake = None
        except PressError as error:
            self.mistake = str(error)
        return self._last


class _ShowMistakes:
    def __init__(self, app: ASGIApp, site: _Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._site()
            if self._site.mistake is not None:
                answer = PlainTextResponse(f"kaira: {self._site.mistake}\n", 500)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
