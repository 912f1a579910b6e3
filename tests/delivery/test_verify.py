"""verify, against real servers: the release is there, comes late, or something else is there."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.delivery.conftest import line, script
from tests.edge.stack import free_port, run

Answer = Callable[[int], tuple[int, str]]  # of the nth request: status and body


def health(release: str, status: int = 200) -> tuple[int, str]:
    return status, json.dumps({"status": "ok", "release": release, "version": "1.0.0"})


@contextmanager
def site(answer: Answer, certificate: Path | None = None) -> Iterator[str]:
    """A site with a /health; its URL."""
    asked = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal asked
            asked += 1
            status, body = answer(asked) if self.path == "/health" else (404, "")
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http{'s' if certificate else ''}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of localhost, signed by nobody but itself."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", str(path), "-out", f"{path}.crt")  # fmt: skip
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def test_it_is_there_at_once() -> None:
    with site(lambda _: health("v2")) as url:
        done = script("verify", "v2", SITE_URL=url)
    assert done.returncode == 0 and line(done) == f"verify: {url}/health shows release v2"


def test_it_may_come_late() -> None:
    answers = [health("v1"), (503, ""), health("v2")]
    with site(lambda n: answers[min(n, 3) - 1]) as url:
        assert script("verify", "v2", SITE_URL=url).returncode == 0


@pytest.mark.parametrize(
    ("answer", "seen"),
    [(health("v1"), "release v1"), (health("v22"), "release v22"), (health("v2", 503), "status 503"),
     ((301, ""), "status 301"), ((200, "<h1>Welcome to nginx!</h1>"), "an answer without a release")],
)  # fmt: skip
def test_something_else_is_there_and_one_line_says_what(answer: tuple[int, str], seen: str) -> None:
    with site(lambda _: answer) as url:
        done = script("verify", "v2", SITE_URL=url, VERIFY_SECONDS="1")
    assert done.returncode == 1
    assert line(done) == (f"verify: {url}/health does not show release v2 after 1 s, but {seen}")


def test_nobody_is_there_and_it_is_asked_until_the_time_is_over() -> None:
    url, began = f"http://127.0.0.1:{free_port()}", time.monotonic()
    done = script("verify", "v2", SITE_URL=url, VERIFY_SECONDS="3")
    assert done.returncode == 1 and time.monotonic() - began >= 3
    assert "but no answer: Failed to connect to 127.0.0.1" in line(done)


def test_a_certificate_that_visitors_would_not_trust_is_no_success(certificate: Path) -> None:
    with site(lambda _: health("v2"), certificate) as url:
        done = script("verify", "v2", SITE_URL=url, VERIFY_SECONDS="1")
        assert done.returncode == 1 and "but no answer: SSL certificate problem" in line(done)
        trusting = script("verify", "v2", SITE_URL=url, CURL_CA_BUNDLE=f"{certificate}.crt")
        assert trusting.returncode == 0, trusting.stderr
        other = url.replace("localhost", "127.0.0.1")  # a name that the certificate has not
        done = script(
            "verify", "v2", SITE_URL=other, CURL_CA_BUNDLE=f"{certificate}.crt", VERIFY_SECONDS="1"
        )
        assert done.returncode == 1 and "but no answer: SSL" in line(done)


def test_without_a_release_or_a_site_nobody_is_asked() -> None:
    assert line(script("verify", SITE_URL="http://localhost")).startswith(
        "verify: RELEASE: missing"
    )
    done = script("verify", "v2")
    assert done.returncode == 2 and line(done).startswith("verify: SITE_URL: missing")
