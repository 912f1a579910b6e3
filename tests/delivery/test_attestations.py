"""build with its SBOM and provenance, as in production: how Docker is asked, and which digest counts.

BuildKit in a container comes from Docker Hub; so a stand-in for `docker` writes down what it is
asked, and leaves the file that buildx leaves of an image with attestations, which is an index.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.delivery.conftest import line
from tests.delivery.test_build import TOKEN, USER, Checkout

INDEX, CONFIG, LAYER = (f"sha256:{digits * 32}" for digits in ("1d", "c0", "1a"))
# What buildx writes: keys in order, two spaces. There are other digests in it.
METADATA = {
    "buildx.build.provenance": {
        "buildType": "https://mobyproject.org/buildkit@v1",
        "materials": [{"digest": {"sha256": LAYER[7:]}, "uri": "pkg:docker/python@3.14-slim"}],
    },
    "buildx.build.ref": "kaira-delivery/kaira-delivery0/0fjb6ubs52xx3vygf6fgdl611",
    "containerimage.config.digest": CONFIG,
    "containerimage.descriptor": {
        "annotations": {"config.digest": CONFIG},
        "digest": INDEX,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "size": 856,
    },
    "containerimage.digest": INDEX,
    "image.name": "ghcr.io/you/kaira:v7",
}
DOCKER = """#!/usr/bin/env bash
printf '%s\\0' "$@" "DOCKER_CONFIG=$DOCKER_CONFIG" "BUILDX_CONFIG=$BUILDX_CONFIG" "$(readlink "$DOCKER_CONFIG/cli-plugins")" >>{folder}/asked
printf '\\n' >>{folder}/asked
case "$1 $2" in
  'login '*) cat >{folder}/token ;;
  'buildx inspect') [[ -e {folder}/builder ]] ;;
  'buildx create') [[ ! -e {folder}/broken ]] && touch {folder}/builder ;;
  'buildx build')
    while [[ $1 != --metadata-file ]]; do shift; done
    cp {folder}/metadata "$2"
    ;;
esac
"""


class Docker(Checkout):
    """A checkout, and a `docker` before all others on its PATH."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "ghcr.io")
        self.place = folder / "docker"
        self.place.mkdir()
        (self.place / "docker").write_text(DOCKER.format(folder=self.place))
        (self.place / "docker").chmod(0o755)
        (self.place / "metadata").write_text(json.dumps(METADATA, indent=2))
        self.env |= {"PATH": f"{self.place}:/usr/bin:/bin", "SBOM": ""}

    def asked(self) -> list[list[str]]:
        """Each command's arguments, without what they are in the environment of."""
        return [each[:-3] for each in self._asked()]

    def environments(self) -> set[tuple[str, ...]]:
        return {tuple(each[-3:]) for each in self._asked()}

    def _asked(self) -> list[list[str]]:
        lines = (self.place / "asked").read_text().split("\0\n")
        return [each.split("\0") for each in lines if each]


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    return Docker(tmp_path)


def test_it_is_built_with_sbom_and_provenance_by_a_builder_of_its_own(docker: Docker) -> None:
    done = docker.build()
    assert done.returncode == 0, done.stderr
    login, inspect, create, build = docker.asked()
    assert login == ["login", "--username", USER, "--password-stdin", "ghcr.io"]
    assert (docker.place / "token").read_text() == f"{TOKEN}\n"
    assert inspect == ["buildx", "inspect", "kaira-delivery"]
    assert create == [
        "buildx", "create", "--name", "kaira-delivery", "--driver", "docker-container",
    ]  # fmt: skip
    metadata = build.pop(build.index("--metadata-file") + 1)
    assert metadata.startswith(f"{docker.private}/")
    assert build == [
        "buildx", "build", "--file", "Dockerfile.prod", "--push",
        "--builder", "kaira-delivery", "--provenance=mode=max", "--sbom=true",
        "--label", "org.opencontainers.image.source=https://github.com/You/Kaira",
        "--metadata-file", "--build-arg", "RELEASE=v7",
        "--label", f"org.opencontainers.image.revision={docker.git('rev-parse', 'HEAD')}",
        "--tag", "ghcr.io/you/kaira:v7", ".",
    ]  # fmt: skip


def test_the_digest_is_the_indexs_and_no_other(docker: Docker) -> None:
    done = docker.build()
    assert done.returncode == 0, done.stderr
    image = f"ghcr.io/you/kaira@{INDEX}"
    assert done.stdout == f"{image}\n"
    assert docker.outputs() == {
        "image": image, "release": "v7", "name": "ghcr.io/you/kaira", "digest": INDEX,
    }  # fmt: skip


def test_in_actions_it_is_there_for_the_scan_and_elsewhere_nothing_is_fetched(
    docker: Docker,
) -> None:
    assert docker.build().returncode == 0
    assert docker.asked()[-1][:2] == ["buildx", "build"]
    assert docker.build(GITHUB_ACTIONS="true").returncode == 0
    assert docker.asked()[-1] == ["pull", "--quiet", f"ghcr.io/you/kaira@{INDEX}"]


def test_the_login_is_in_settings_that_are_thrown_away_and_the_builder_is_not(
    docker: Docker,
) -> None:
    (docker.home / ".docker/cli-plugins").mkdir(parents=True)
    assert docker.build().returncode == 0
    ((config, buildx, plugins),) = docker.environments()
    assert config.startswith(f"DOCKER_CONFIG={docker.private}/") and config.endswith("/docker")
    assert buildx == f"BUILDX_CONFIG={docker.home}/.docker/buildx"
    assert plugins == f"{docker.home}/.docker/cli-plugins"
    assert not list(docker.private.iterdir())


def test_a_builder_that_is_there_is_used_again(docker: Docker) -> None:
    assert [docker.build().returncode for _ in range(2)] == [0, 0]
    commands = [each[1] for each in docker.asked() if each[0] == "buildx"]
    assert commands == ["inspect", "create", "build", "inspect", "build"]


def test_a_builder_that_cannot_be_made_is_told_in_one_line(docker: Docker) -> None:
    (docker.place / "broken").touch()
    done = docker.build()
    assert done.returncode == 1 and not docker.output.exists()
    assert line(done).startswith("build: no builder could be made: docker buildx create")
