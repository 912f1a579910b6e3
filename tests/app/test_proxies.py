"""Who a visitor is, and by which scheme, is believed of trusted proxies alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import Request

from kaira_fastapi_poetry.app import create_app
from kaira_fastapi_poetry.settings import load_settings
from tests.app.running import Server


@pytest.mark.parametrize(
    ("peer", "client", "scheme"),
    [
        ("10.1.2.3", "198.51.100.7", "https"),
        ("10.1.2.4", "198.51.100.7", "https"),  # by its network
        ("192.0.2.9", "192.0.2.9", "http"),
    ],
)
def test_forwarded_headers_are_taken_from_trusted_proxies_alone(
    tmp_path: Path, peer: str, client: str, scheme: str
) -> None:
    (tmp_path / "index.html").write_text("home")
    app = create_app(
        load_settings(
            site_dir=tmp_path, forwarded_allow_ips="10.1.2.3, 10.1.2.0/24", _env_file=None
        )
    )

    @app.get("/api/who")
    async def who(request: Request) -> dict[str, str]:
        assert request.client is not None
        return {"client": request.client.host, "scheme": request.url.scheme}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(peer, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as visitor:
            forwarded = {"x-forwarded-for": "198.51.100.7", "x-forwarded-proto": "https"}
            return await visitor.get("/api/who", headers=forwarded)

    assert asyncio.run(ask()).json() == {"client": client, "scheme": scheme}


@pytest.mark.parametrize("path", ["/metrics", "/metrics?x"])
def test_who_comes_through_a_proxy_sees_no_metrics(pressed_server: Server, path: str) -> None:
    assert pressed_server.ask(path).status == 200
    for sender in ("198.51.100.7", ""):
        answer = pressed_server.ask(path, headers={"X-Forwarded-For": sender})
        assert answer.status == 404
        assert b"kaira_" not in answer.body
