"""build, with a real registry: what is pushed, what the next step is told, whose login is used."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.conftest import line
from tests.edge.stack import ROOT, free_port, run, wait_until

pytestmark = pytest.mark.docker

NAME = "kaira-test-delivery"
USER, TOKEN = "you", "a-token-of-the-registry"
HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuyOLadVnmjweZEX5jLfsxHpsc3MD.5ky\n"
DOCKERFILE = """FROM scratch
COPY infra /infra
ARG RELEASE=dev
LABEL org.opencontainers.image.version=${RELEASE}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry that lets in whoever has the token; its name."""
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    (folder / "htpasswd").write_text(HTPASSWD)
    run("docker", "rm", "-f", "-v", NAME, check=False)
    try:
        run("docker", "run", "-d", "--name", NAME, "-p", f"127.0.0.1:{port}:5000", "-v", f"{folder}:/auth:ro",
            "-e", "REGISTRY_AUTH=htpasswd", "-e", "REGISTRY_AUTH_HTPASSWD_REALM=kaira",
            "-e", "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd", "registry:2")  # fmt: skip
        asks = ("curl", "--silent", "--output", "/dev/null", f"http://127.0.0.1:{port}/v2/")
        wait_until(lambda: not subprocess.run(asks, check=False).returncode, "it answers")
        yield f"localhost:{port}"
    finally:
        run("docker", "rm", "-f", "-v", NAME, check=False)
        left = run("docker", "images", "-q", "--filter", f"reference=localhost:{port}/*/*").split()
        run("docker", "rmi", "-f", *set(left), check=False)


class Checkout:
    """The scripts in a repository with next to nothing in its image."""

    def __init__(self, folder: Path, registry: str) -> None:
        self.folder, self.output = folder / "checkout", folder / "output"
        self.home, self.private = folder / "home", folder / "private"
        for each in (self.folder, self.home, self.private):
            each.mkdir()
        run("cp", "-r", str(ROOT / "infra"), str(self.folder))
        (self.folder / "Dockerfile.prod").write_text(DOCKERFILE)
        for command in ("init -q", "add -A", "commit -q -m x", "tag -a v7 -m x"):
            self.git(*command.split())
        self.env = {
            "REGISTRY": registry, "REGISTRY_USER": USER, "REGISTRY_TOKEN": TOKEN, "SBOM": "false",
            "GITHUB_REPOSITORY": "You/Kaira", "GITHUB_OUTPUT": str(self.output),
        }  # fmt: skip

    def git(self, *command: str) -> str:
        names = ("-c", "user.name=You", "-c", "user.email=you@example.com")
        return run("git", "-C", str(self.folder), *names, *command).strip()

    def build(self, **env: str) -> subprocess.CompletedProcess[str]:
        places = {"HOME": str(self.home), "TMPDIR": str(self.private)}
        return subprocess.run(
            [self.folder / "infra/delivery/build"], capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], **places, **self.env, **env},
        )  # fmt: skip

    def outputs(self) -> dict[str, str]:
        """What the steps after it are told."""
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


@pytest.fixture
def checkout(tmp_path: Path, registry: str) -> Checkout:
    return Checkout(tmp_path, registry)


def test_the_image_is_in_the_registry_by_the_digest_that_it_prints(
    checkout: Checkout, registry: str
) -> None:
    done = checkout.build()
    assert done.returncode == 0, done.stderr
    told = checkout.outputs()
    assert told["name"] == f"{registry}/you/kaira"  # no capitals
    assert told["image"] == f"{told['name']}@{told['digest']}" == done.stdout.strip()
    url = f"http://{registry}/v2/you/kaira/manifests/"
    kinds = "docker.distribution.manifest.v2", "oci.image.manifest.v1"  # as the engine keeps it
    accept = "Accept: " + ", ".join(f"application/vnd.{each}+json" for each in kinds)
    for reference in (told["digest"], "v7"):
        ask = ("curl", "--silent", "--user", f"{USER}:{TOKEN}", "--header", accept)
        answer = run(*ask, "--include", url + reference)
        assert f"docker-content-digest: {told['digest']}" in answer.lower()


def test_it_carries_its_release_and_where_it_comes_from(checkout: Checkout) -> None:
    assert checkout.build().returncode == 0
    told = checkout.outputs()
    assert told["release"] == "v7"  # git describe
    labels = json.loads(run(
        "docker", "buildx", "imagetools", "inspect", told["image"], "--format", "{{json .Image.Config.Labels}}",
        env={"DOCKER_CONFIG": logged_in(checkout)},
    ))  # fmt: skip
    assert labels == {
        "org.opencontainers.image.version": "v7",
        "org.opencontainers.image.revision": checkout.git("rev-parse", "HEAD"),
        "org.opencontainers.image.source": "https://github.com/You/Kaira",
    }


def test_what_is_not_committed_is_told_in_the_name_of_the_release(checkout: Checkout) -> None:
    (checkout.folder / "Dockerfile.prod").write_text(DOCKERFILE + "# changed\n")
    assert checkout.build().returncode == 0
    assert checkout.outputs()["release"] == "v7-dirty"
    assert checkout.build(RELEASE="2026.11+1").returncode == 0  # its tag has no plus
    assert checkout.outputs()["release"] == "2026.11+1"


def test_no_login_of_anybody_is_touched_or_left(checkout: Checkout) -> None:
    done = checkout.build()
    assert done.returncode == 0 and TOKEN not in done.stdout + done.stderr
    assert not list(checkout.home.rglob("config.json")) and not list(checkout.private.iterdir())


def test_a_token_that_is_not_taken_is_named_and_not_shown(checkout: Checkout) -> None:
    done = checkout.build(REGISTRY_TOKEN="secret")
    assert done.returncode == 1 and not checkout.output.exists()
    assert line(done).startswith("build: REGISTRY_TOKEN: ") and "secret" not in done.stderr


def test_what_cannot_be_built_is_not_called_an_image(checkout: Checkout) -> None:
    (checkout.folder / "Dockerfile.prod").write_text(DOCKERFILE + "COPY missing /\n")
    done = checkout.build()
    assert done.returncode == 1 and done.stdout == "" and not checkout.output.exists()
    assert "was not built, or not pushed" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("GITHUB_REPOSITORY", "", "IMAGE_NAME: missing"), ("IMAGE_NAME", "you/kaira:latest", "REGISTRY, IMAGE_NAME: take"),
     ("IMAGE_NAME", "you/kaira kaira", "REGISTRY, IMAGE_NAME: take"), ("REGISTRY", "https://ghcr.io", "REGISTRY, IMAGE_NAME: take"),
     ("RELEASE", "v1/2", "RELEASE: takes"), ("RELEASE", "x" * 129, "RELEASE: takes"),
     ("REGISTRY_USER", "", "REGISTRY_USER: missing"), ("SBOM", "no", "SBOM: takes")],
)  # fmt: skip
def test_a_malformed_setting_is_named_before_anything_is_built(
    checkout: Checkout, name: str, value: str, says: str
) -> None:
    done = checkout.build(**{name: value})
    assert done.returncode == 2 and line(done).startswith(f"build: {says}"), done.stderr


# Private


def logged_in(checkout: Checkout) -> str:
    """A folder of Docker's settings for whoever looks at what was pushed."""
    folder = checkout.folder.parent / "reader"
    login = ["docker", "login", "-u", USER, "--password-stdin", checkout.env["REGISTRY"]]
    env = {**os.environ, "DOCKER_CONFIG": str(folder)}
    subprocess.run(login, input=TOKEN, text=True, check=True, capture_output=True, env=env)
    return str(folder)
