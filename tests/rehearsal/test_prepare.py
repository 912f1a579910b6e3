"""prepare.sh refuses what it cannot work with before it changes anything."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.edge.stack import ROOT, run

pytestmark = pytest.mark.docker

BARE = "kaira-lab/base:forky"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7EQu/QtOhXOQ0RxtVondu+pbQh2gTvBblLYYyaAvET deploy"
GOOD = {"DEPLOY_KEY": KEY, "IMAGE_REPOSITORY": "ghcr.io/you/kaira"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A bare system that has the repository, read-only."""
    name = "kaira-rehearsal-bare"
    run("docker", "rm", "-f", name, check=False)
    run("docker", "run", "-d", "--rm", "--network", "none", "--name", name, "-v", f"{ROOT}:/srv/kaira:ro",
        "--entrypoint", "sleep", BARE, "600")  # fmt: skip
    yield name
    run("docker", "rm", "-f", name)


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("DEPLOY_KEY", None, "DEPLOY_KEY is missing"),
        ("DEPLOY_KEY", "", "DEPLOY_KEY is missing"),
        ("DEPLOY_KEY", "-----BEGIN OPENSSH PRIVATE KEY-----", "DEPLOY_KEY is a private key"),
        ("DEPLOY_KEY", "AAAAC3NzaC1lZDI1NTE5", "DEPLOY_KEY is no public key"),
        ("DEPLOY_KEY", f"{KEY}\n{KEY}", "DEPLOY_KEY is no public key"),
        ("DEPLOY_KEY", f'command="id" {KEY}', "DEPLOY_KEY is no public key"),
        ("IMAGE_REPOSITORY", None, "IMAGE_REPOSITORY is missing"),
        ("IMAGE_REPOSITORY", "kaira", "IMAGE_REPOSITORY: got 'kaira'"),
        ("IMAGE_REPOSITORY", "ghcr.io/you/kaira:latest", "IMAGE_REPOSITORY: got"),
        ("IMAGE_REPOSITORY", "ghcr.io/You/Kaira", "IMAGE_REPOSITORY: got"),
        ("DOMAIN", "https://shop.example.com", "DOMAIN: got"),
        ("DOMAIN", "shop", "DOMAIN: got"),
        ("ACME_EMAIL", "owner", "ACME_EMAIL: got"),
        ("ACME_SERVER", "http://acme.example.com", "ACME_SERVER: got"),
        ("ACME_PROFILE", "short lived", "ACME_PROFILE: got"),
    ],
)
def test_a_bad_setting_stops_it_with_one_line(
    server: str, name: str, value: str | None, said: str
) -> None:
    settings = {**GOOD, name: value}
    before = run("docker", "diff", server)
    done = prepare(server, **{key: text for key, text in settings.items() if text is not None})
    assert done.returncode == 2
    assert done.stderr.startswith(f"prepare: {said}")
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert run("docker", "diff", server) == before


def test_it_wants_to_be_root(server: str) -> None:
    done = prepare(server, "--user", "1000", **GOOD)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("prepare: run it as root")


def test_it_waits_for_who_is_fetching_the_lists_of_packages(server: str) -> None:
    lock = (
        "use Fcntl; open(L, '>>', '/var/lib/apt/lists/lock'); "
        "my $all = pack('s! s! l! l! i', F_WRLCK, 0, 0, 0, 0); fcntl(L, F_SETLK, $all) or die; "
        "print qq(locked\\n); close(STDOUT); sleep 6"
    )
    with subprocess.Popen(
        ["docker", "exec", server, "perl", "-e", lock], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == b"locked\n"
        done = prepare(server, **GOOD)
        assert holder.poll() == 0
    # There is no network: it got that far.
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("prepare: apt-get could not install: ")


# Private


def prepare(server: str, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run it there."""
    stated = (part for pair in settings.items() for part in ("-e", "=".join(pair)))
    command = ["docker", "exec", *options, *stated, server, "/srv/kaira/infra/host/prepare.sh"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
