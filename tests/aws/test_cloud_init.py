"""infra/aws/cloud-init.yaml by cloud-init itself: a server's first start, in a container."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.aws.template import CLOUD_INIT
from tests.aws.conftest import CLOUD_INIT_IMAGE, KEY
from tests.edge.stack import run

pytestmark = pytest.mark.docker

STAGES = ["init --local", "init", "modules --mode=config", "modules --mode=final"]
# Stands in for the one that prepares the server. The rehearsal runs that, on a server that has an
# engine of Debian's: no test installs Docker's own.
PREPARE = """#!/bin/sh
env | grep -E '^(DEPLOY_KEY|IMAGE_REPOSITORY|DOMAIN|ACME_EMAIL|TOKEN|READY)=' | sort >/srv/seen
echo DOMAIN=$DOMAIN >.env
"""
# What CloudFormation's address does: takes one PUT.
LISTENER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        open('/srv/told', 'wb').write(self.rfile.read(int(self.headers['Content-Length'])))
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(('127.0.0.1', 8000), Handler).handle_request()
"""
VALUES = {
    "REPOSITORY": "file:///repository", "REF": "v1", "DEPLOY_KEY": KEY,
    "IMAGE_REPOSITORY": "ghcr.io/you/kaira", "DOMAIN": "shop.example", "LOGS": "cloudwatch",
    "LOGS_GROUP": "kaira", "READY": "http://127.0.0.1:8000/ready",
}  # fmt: skip


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a server with these values for the first time; returns its container."""
    repository = tmp_path / "repository"
    (repository / "infra/host").mkdir(parents=True)
    script = repository / "infra/host/prepare.sh"
    script.write_text(PREPARE)
    script.chmod(0o755)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["commit", "-qm", "1"],
        ["tag", "v1"],
    ):
        run(*git, *words)
    script.write_text("#!/bin/sh\nfalse\n")
    run(*git, "commit", "-qam", "2")
    name = f"kaira-aws-{uuid.uuid4().hex[:8]}"

    def first_start(**values: str) -> str:
        seed = tmp_path / "seed"
        seed.mkdir()
        (seed / "meta-data").write_text("instance-id: i-1\n")
        lines = "".join(f"      {each}='{value}'\n" for each, value in values.items())
        (seed / "user-data").write_text(f"{CLOUD_INIT.read_text()}\n{lines}")
        run("docker", "run", "--detach", "--name", name, "--network", "none",
            "--volume", f"{seed}:/var/lib/cloud/seed/nocloud:ro",
            "--volume", f"{repository}:/repository:ro", CLOUD_INIT_IMAGE, "sleep", "600")  # fmt: skip
        run("docker", "exec", "--detach", name, "python3", "-c", LISTENER)
        for stage in STAGES:
            run("docker", "exec", name, "sh", "-c", f"cloud-init {stage} >>/srv/output 2>&1")
        return name

    yield first_start
    subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


def test_cloud_init_finds_nothing_wrong(tmp_path: Path) -> None:
    folder = CLOUD_INIT.parent
    said = run("docker", "run", "--rm", "--network", "none", "--volume", f"{folder}:/here:ro",
               CLOUD_INIT_IMAGE, "cloud-init", "schema", "--config-file", "/here/cloud-init.yaml")  # fmt: skip
    assert "Valid schema" in said


def test_it_fits_into_a_parameter() -> None:
    assert len(CLOUD_INIT.read_bytes()) < 4096


def test_a_bare_server_becomes_ready_and_says_so(start: Callable[..., str]) -> None:
    server = start(**VALUES)
    told = json.loads(_read(server, "/srv/told"))
    assert (told["Status"], told["UniqueId"]) == ("SUCCESS", "kaira")
    assert _read(server, "/srv/seen").splitlines() == [
        "ACME_EMAIL=", f"DEPLOY_KEY={KEY}", "DOMAIN=shop.example", "IMAGE_REPOSITORY=ghcr.io/you/kaira",
    ]  # fmt: skip
    assert _read(server, "/srv/kaira/.env").splitlines() == [
        "DOMAIN=shop.example", "LOGS=cloudwatch", "LOGS_GROUP=kaira",
    ]  # fmt: skip
    key = " ".join(_read(server, "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    assert f"kaira: SUCCESS  {key}" in _read(server, "/srv/output")
    assert (
        run("docker", "exec", server, "stat", "-c", "%a", "/etc/kaira/first-boot").strip() == "600"
    )
    # Once more changes nothing.
    run("docker", "exec", server, "sh", "-c", "kaira-first-boot && kaira-first-boot")
    assert _read(server, "/srv/kaira/.env").count("LOGS=") == 0 + 1


def test_a_server_that_does_not_become_ready_says_why(start: Callable[..., str]) -> None:
    server = start(**{**VALUES, "REF": "v2"})
    told = json.loads(_read(server, "/srv/told"))
    assert told["Status"] == "FAILURE"
    assert "pathspec v2 did not match" in told["Reason"].replace("'", "")


# Private


def _read(server: str, path: str) -> str:
    return run("docker", "exec", server, "cat", path)
