"""What is said when something goes wrong, and what is never said."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.running import Server, write
from tests.http_table import SITE, UVICORN

# An application of its own beside ours: the same composition, and routes that fail.
FAILING = """
from kaira_fastapi_poetry.app import create_app
from fastapi import HTTPException
from fastapi.responses import StreamingResponse

app = create_app()


@app.get("/api/fails")
def fails():
    raise RuntimeError("the password is hunter2")


@app.get("/fails-outside-of-the-api")
async def fails_outside():
    return 1 / 0


@app.get("/api/stopped")
def stopped():
    raise HTTPException(503, "the database at 10.0.0.5 is away")


@app.get("/api/number/{number}")
def number(number: int, other: int = 0):
    return number


@app.get("/api/breaks-off")
def breaks_off():
    def parts():
        yield b"first"
        raise RuntimeError("hunter2 in the middle")
    return StreamingResponse(parts())
"""
NEVER = re.compile(
    rb"Traceback|hunter2|RuntimeError|ZeroDivision|starlette|fastapi|uvicorn|gunicorn|pydantic|"
    rb"python|site-packages|10\.0\.0\.5|\.py\b", re.IGNORECASE,
)  # fmt: skip


@pytest.fixture
def failing(start: Callable[..., Server], tmp_path: Path) -> Server:
    """An application with routes that fail."""
    write(tmp_path, {"failing.py": FAILING, **{f"site/{name}": SITE[name] for name in SITE}})
    command = [UVICORN[0], "failing:app", "--app-dir=.", *UVICORN[2:]]
    return start(command, SITE_DIR="site", ENVIRONMENT="production")


@pytest.mark.parametrize("path", ["/api/fails", "/fails-outside-of-the-api"])
def test_an_exception_is_a_problem_that_says_nothing_and_a_line_that_says_all(
    failing: Server, path: str
) -> None:
    answer = failing.ask(f"{path}?token=secret", headers={"X-Request-ID": "the-id-of-this-one"})
    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "the-id-of-this-one"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {"type": "about:blank", "title": "Internal Server Error", "status": 500}
    entry = failing.wait_for_entry(event="request failed", request_id="the-id-of-this-one")
    assert entry["level"] == "error" and entry["path"] == path
    assert "Traceback" in entry["exception"]
    assert "secret" not in failing.tail
    assert failing.ask("/").status == 200


def test_a_stated_error_is_a_problem_without_its_inside(failing: Server) -> None:
    answer = failing.ask("/api/stopped")
    assert answer.status == 503 and not NEVER.search(answer.body)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_parameter_that_is_not_valid_is_named(failing: Server) -> None:
    answer = failing.ask("/api/number/many?other=few")
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["parameter"] for error in answer.json()["errors"]] == ["number", "other"]
    assert not NEVER.search(answer.body)


def test_an_answer_that_fails_in_the_middle_does_not_look_whole(failing: Server) -> None:
    raw = failing.exchange(b"GET /api/breaks-off HTTP/1.1\r\nHost: localhost\r\n\r\n", 5)
    assert b"first" in raw and not raw.endswith(b"0\r\n\r\n")
    assert not NEVER.search(raw)
    failing.wait_for_entry(event="request failed", path="/api/breaks-off")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/api/nothing", "GET", 404), ("/api/", "GET", 404), ("/api/info", "DELETE", 405),
     ("/health", "POST", 405), ("/metrics", "POST", 405), ("/api/info/", "GET", 404)],
)  # fmt: skip
def test_errors_of_routes_are_problems(
    pressed_server: Server, path: str, method: str, status: int
) -> None:
    answer = pressed_server.ask(path, method)
    assert answer.status == status
    if path.startswith("/api"):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    if status == 405:
        assert "GET" in answer.headers["allow"]
    assert not NEVER.search(answer.body)


def test_nothing_names_what_it_is_made_of(pressed_server: Server) -> None:
    for request in (b"GET / HTTP/1.1\r\n\r\n", b"rubbish\r\n\r\n", b"GET /nothing HTTP/1.0\r\n\r\n",
                    b"GET /api/nothing HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"):  # fmt: skip
        assert not NEVER.search(pressed_server.exchange(request, 3))


def test_a_site_without_an_error_page_says_it_in_words(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"index.html": "x"})
    answer = start(SITE_DIR="site").ask("/nothing")
    assert (answer.status, answer.body) == (404, b"Not Found")
    assert answer.headers["content-type"].startswith("text/plain")


def test_an_empty_folder_is_a_site_of_nothing(start: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    assert start(SITE_DIR="site").ask("/").status == 404


def test_a_file_that_vanishes_or_changes_is_answered_as_it_is_now(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"large.bin": bytes(1_000_000), "gone.bin": bytes(1_000_000)})
    server = start(UVICORN, SITE_DIR="site")
    write(tmp_path / "site", {"large.bin": b"1" * 2_000_000})
    (tmp_path / "site/gone.bin").unlink()
    assert server.ask("/large.bin").body == b"1" * 2_000_000
    assert server.ask("/gone.bin").status == 404
    assert "Traceback" not in server.tail


def test_a_damaged_bundle_is_a_500_and_a_line(start: Callable[..., Server], tmp_path: Path) -> None:
    write(tmp_path / "site", {"large.bin": bytes(1_000_000), "index.html": "x"})
    server = start(SITE_DIR="site")
    for blob in (tmp_path / "site.bundle/blobs").iterdir():
        blob.unlink()
    answer = server.ask("/large.bin")
    assert answer.status == 500 and not NEVER.search(answer.body)
    assert server.ask("/").status == 200  # from memory
    assert "x-request-id" in answer.headers
    assert server.wait_for_entry(level="error", request_id=answer.headers["x-request-id"])


def test_the_health_check_of_the_image_tells_good_from_bad(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    import sys

    from tests.app.running import environment, free_port

    write(tmp_path / "site", {"index.html": "x"})
    server = start(SITE_DIR="site")
    for port, code in ((server.port, 0), (free_port(), 1)):
        done = subprocess.run(
            [sys.executable, "-m", "kaira_fastapi_poetry.healthcheck"], cwd=tmp_path,
            env=environment(PORT=str(port)), capture_output=True, timeout=20, check=False,
        )  # fmt: skip
        assert (done.returncode != 0) is (code != 0), done.stderr


def test_health_says_what_runs_and_is_never_kept(pressed_server: Server) -> None:
    answer = pressed_server.ask("/health")
    body = json.loads(answer.body)
    assert (body["status"], body["release"]) == ("ok", "dev")
    assert set(body) == {"status", "release", "version", "uptime_seconds"}
    assert answer.headers["cache-control"] == "no-store"
    assert pressed_server.ask("/health", "HEAD").body == b""
