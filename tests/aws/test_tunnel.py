"""infra/aws/tunnel, with an `aws` that listens where the real one would, and GitHub's token by HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.edge.stack import ROOT, free_port

GOOD = {
    "AWS_ROLE": "arn:aws:iam::123456789012:role/kaira-DeployRole-1", "AWS_REGION": "ap-northeast-2",
    "AWS_MACHINE": "i-0123456789abcdef0", "AWS_TUNNEL": "kaira-ssh",
}  # fmt: skip
# What it is called with goes to a file; then it is what sshd would be.
AWS = """#!/usr/bin/env python3
import os, socket, sys, time
from pathlib import Path
here = Path(__file__).parent
here.joinpath("pid").write_text(str(os.getpid()))
token = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
here.joinpath("called").write_text("\\n".join([*sys.argv[1:], os.environ.get("AWS_ROLE_ARN", ""),
                                             Path(token).read_text() if token else ""]))
if os.environ.get("REFUSED"):
    sys.exit("An error occurred (AccessDenied): Not authorized")
port = sys.argv[-1].removeprefix("localPortNumber=")
with socket.create_server(("127.0.0.1", int(port))) as server:
    server.accept()[0].close()
    time.sleep(0.2)
"""

Tunnel = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def port() -> str:
    """Where nobody listens."""
    return str(free_port())


@pytest.fixture
def tunnel(tmp_path: Path, port: str) -> Iterator[Tunnel]:
    """Runs the script with these settings, to that port unless they say another."""
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)

    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{tmp_path}:{os.environ['PATH']}"
        return subprocess.run(
            [ROOT / "infra/aws/tunnel"],
            env={"PATH": path, "TMPDIR": str(tmp_path), "DEPLOY_PORT": port, **variables},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    yield run
    if (tmp_path / "pid").exists():
        try:
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        except ProcessLookupError:
            pass


@pytest.fixture
def github() -> Iterator[str]:
    """Where a job asks GitHub who it is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = (
                self.headers["Authorization"] == "bearer hush"
                and self.path == "/token?api-version=2.0&audience=sts.amazonaws.com"
            )
            body = b'{"count": 1, "value": "a.b-c_d.e"}' if good else b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"
    server.shutdown()


def test_a_job_opens_it_as_the_role(tunnel: Tunnel, github: str, tmp_path: Path, port: str) -> None:
    done = tunnel(
        **GOOD, ACTIONS_ID_TOKEN_REQUEST_URL=github, ACTIONS_ID_TOKEN_REQUEST_TOKEN="hush"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"127.0.0.1:{port} leads to sshd of i-0123456789abcdef0\n"
    assert (tmp_path / "called").read_text().splitlines() == [
        "ssm", "start-session", "--region", "ap-northeast-2", "--target", "i-0123456789abcdef0",
        "--document-name", "kaira-ssh", "--parameters", f"localPortNumber={port}", GOOD["AWS_ROLE"], "a.b-c_d.e",
    ]  # fmt: skip


def test_whoever_has_credentials_needs_no_role(tunnel: Tunnel) -> None:
    assert tunnel(**{**GOOD, "AWS_ROLE": ""}).returncode == 0


def test_whoever_has_the_port_is_not_taken_for_the_machine(
    tunnel: Tunnel, tmp_path: Path, port: str
) -> None:
    with socket.create_server(("127.0.0.1", int(port))):
        done = tunnel(**GOOD)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(
        f"tunnel: DEPLOY_PORT: something else answers on 127.0.0.1:{port}"
    )
    assert not (tmp_path / "called").exists()
    assert tunnel(**GOOD, DEPLOY_PORT="ssh").stderr.startswith("tunnel: DEPLOY_PORT: takes a port")


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", ["", "x; reboot"])
def test_a_bad_setting_is_named(tunnel: Tunnel, tmp_path: Path, name: str, value: str) -> None:
    done = tunnel(**{**GOOD, name: value}, ACTIONS_ID_TOKEN_REQUEST_URL="http://127.0.0.1:9")
    assert done.returncode == 2 and done.stderr.startswith(f"tunnel: {name}: takes ")
    assert done.stderr.count("\n") == 1 and not (tmp_path / "called").exists()


def test_what_is_refused_is_told(tunnel: Tunnel, github: str, tmp_path: Path) -> None:
    done = tunnel(**GOOD, GITHUB_ACTIONS="true")
    assert done.returncode == 2 and done.stderr.startswith("::error::the job may not ask GitHub")
    assert "id-token: write" in done.stderr
    summary = tmp_path / "summary"
    tunnel(**GOOD, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text().startswith("- error: the job may not ask GitHub")
    done = tunnel(**GOOD, ACTIONS_ID_TOKEN_REQUEST_URL=github, ACTIONS_ID_TOKEN_REQUEST_TOKEN="no")
    assert (done.returncode, done.stderr) == (2, "tunnel: GitHub gives no token\n")
    done = tunnel(**GOOD, REFUSED="yes")
    assert done.returncode == 2 and "no tunnel: An error occurred (AccessDenied)" in done.stderr
