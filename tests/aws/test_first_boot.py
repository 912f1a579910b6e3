"""The token of a private repository: where cloud-init.yaml's script puts it, and where it does not."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from infra.aws.template import CLOUD_INIT
from tests.aws.conftest import KEY
from tests.edge.stack import run

TOKEN = "github_pat_1A"
# Stands in for the one that prepares the server.
PREPARE = "#!/bin/sh\nenv >../seen\necho DOMAIN=$DOMAIN >.env\n"


class Private(SimpleHTTPRequestHandler):
    """GitHub as far as a clone asks it: files, for whoever has the token."""

    def do_GET(self) -> None:
        login = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        if self.headers["Authorization"] == f"Basic {login}":
            return super().do_GET()
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def github(tmp_path: Path) -> Iterator[str]:
    """Where a repository is that only the token opens; HOST:PORT."""
    work, bare = tmp_path / "work", tmp_path / "http/kaira.git"
    (work / "infra/host").mkdir(parents=True)
    (work / "infra/host/prepare.sh").write_text(PREPARE)
    (work / "infra/host/prepare.sh").chmod(0o755)
    git = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    run(*git, "init", "-q", "-b", "main")
    run(*git, "add", "-A")
    run(*git, "commit", "-qm", "1")
    run("git", "clone", "-q", "--bare", str(work), str(bare))
    run("git", "-C", str(bare), "update-server-info")
    handler = partial(Private, directory=str(tmp_path / "http"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_token_is_in_a_file_of_roots_and_nowhere_else(tmp_path: Path, github: str) -> None:
    (text,) = [
        each["content"] for each in YAML().load(CLOUD_INIT)["write_files"]
        if each["path"] == "/usr/local/bin/kaira-first-boot"
    ]  # fmt: skip
    text = text.replace("/etc/kaira", f"{tmp_path}/etc").replace("/srv/kaira", f"{tmp_path}/kaira")
    text = text.replace("https://x-access-token", "http://x-access-token")
    text = text.replace("@github.com", f"@{github}")
    values = {
        "REPOSITORY": f"http://{github}/kaira.git", "REF": "main", "TOKEN": TOKEN,
        "DEPLOY_KEY": KEY, "IMAGE_REPOSITORY": "ghcr.io/you/kaira", "DOMAIN": "shop.example",
        "ACME_EMAIL": "", "LOGS": "", "LOGS_GROUP": "kaira", "READY": "https://ready.example/secret",
    }  # fmt: skip
    (tmp_path / "etc").mkdir()
    lines = "".join(f"{name}='{value}'\n" for name, value in values.items())
    (tmp_path / "etc/first-boot").write_text(lines)
    clean = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "GIT_TERMINAL_PROMPT": "0",
    }
    done = subprocess.run(
        ["sh", "-x"], input=text, env=clean, cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    (clone,) = [line for line in done.stderr.splitlines() if line.startswith("+ git clone")]
    assert TOKEN not in clone, "anybody on the machine can read a command line"
    holders = [path for path in (tmp_path / "kaira").rglob("*") if path.is_file()]
    assert not [path for path in holders if TOKEN.encode() in path.read_bytes()]
    file = tmp_path / "etc/git-credentials"
    assert file.read_text().replace("%3a", ":") == f"http://x-access-token:{TOKEN}@{github}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    seen = (tmp_path / "seen").read_text()
    assert f"DEPLOY_KEY={KEY}\n" in seen and "DOMAIN=shop.example\n" in seen
    assert TOKEN not in seen and "ready.example" not in seen
    # What an operator types later.
    run("env", "-i", *(f"{name}={value}" for name, value in clean.items()),
        "git", "-C", str(tmp_path / "kaira"), "pull", "--quiet")  # fmt: skip
