"""What is told of the edge's certificate, and that nothing breaks where it cannot be."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from kaira_fastapi_poetry.app import create_app
from kaira_fastapi_poetry.settings import load_settings
from kaira_fastapi_poetry.telemetry import certificate, metrics
from tests.app.running import write

GOOD = {"names": ["shop.example"], "expires": "2027-01-02T03:04:05Z", "issuer": "CN=x"}


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which they are; there is none yet."""
    monkeypatch.setattr(certificate, "FILE", tmp_path / "certificate.json")
    return tmp_path / "certificate.json"


def health(folder: Path) -> tuple[int, dict[str, Any]]:
    app = create_app(load_settings(site_dir=write(folder / "site", {"index.html": "x"})))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/health")

    answer = asyncio.run(ask())
    return answer.status_code, answer.json()


def test_its_life_can_be_reckoned_where_its_beginning_is_told(facts: Path) -> None:
    issued = b"\nkaira_certificate_issued_timestamp_seconds "
    facts.write_text(json.dumps(GOOD))
    assert issued not in metrics.exposition("r1", "1")
    facts.write_text(json.dumps(GOOD | {"issued": "2026-10-04T03:04:05Z"}))
    assert issued + b"1.791083045e+09\n" in metrics.exposition("r1", "1")


def test_health_and_metrics_have_names_and_end(facts: Path, tmp_path: Path) -> None:
    facts.write_text(json.dumps(GOOD))
    told = {"names": ["shop.example"], "expires": "2027-01-02T03:04:05Z"}
    assert health(tmp_path)[1]["certificate"] == told
    assert b"\nkaira_certificate_expiry_timestamp_seconds 1.798859045e+09\n" in metrics.exposition(
        "r1", "1"
    )


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{", b"[]", b"7", b"\xff\xfe", b"{}", b'{"names": ["x"]}',
     b'{"names": 1, "expires": "2027-01-02T03:04:05Z"}', b'{"names": [], "expires": 7}',
     b'{"names": [], "expires": "soon"}',
     b'{"names": [], "expires": "2027-01-02T03:04:05Z", "issued": "2026-10-04T03:04:05"}', b'{"names": [], "expires": "2027-01-02T03:04:05"}'],
)  # fmt: skip
def test_a_file_that_is_not_there_or_no_good_changes_nothing(
    facts: Path, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        facts.write_bytes(content)
    status, told = health(tmp_path)
    assert status == 200 and told["status"] == "ok" and "certificate" not in told
    assert b"kaira_certificate" not in metrics.exposition("r1", "1")
