"""The script is killed, started twice, or finds that something is missing."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.conftest import Host, visitors
from tests.deploy.test_deployments import release
from tests.edge.stack import free_port, run, wait_until

REFUSED = 2
STEPS = ["preflight", "start", "wait", "ask", "switch", "watch", "let", "prune"]


@pytest.mark.timeout(900)  # eight times two deployments
def test_killed_at_any_step_the_site_is_well_and_the_next_run_goes_on(
    host: Host, releases: Callable[..., str]
) -> None:
    with visitors(host) as seen:
        for number, step in enumerate(STEPS):
            image = releases(("v1", "v2")[number % 2])
            before = release(host)
            process = host.start(image, WATCH_SECONDS="2")
            assert process.stdout is not None
            for line in process.stdout:
                if re.match(rf"==> +[\d.]+ s  {step}", line):
                    break
            process.kill()
            process.wait()
            wanted = image.rpartition(":")[2]
            assert release(host) in (before, wanted), step
            deploy_when_free(host, image)
            assert release(host) == wanted, step
            other = "green" if host.live() == "blue" else "blue"
            assert state(host, other) in ("exited", "created"), step
    assert seen["wrong"] == []


def test_two_at_once_are_one(host: Host, releases: Callable[..., str]) -> None:
    first = host.start(releases("v1"), WATCH_SECONDS="1")
    assert first.stdout is not None
    first.stdout.readline()
    said = host.deploy(releases("v2"), code=REFUSED)
    assert said == "refused: another deployment is running\n"
    said, _ = first.communicate(timeout=120)
    assert first.returncode == 0, said
    assert release(host) == "v1"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("kaira-server:there-is-none", "cannot pull"), ("127.0.0.1:9/team/kaira:1", "cannot pull")],
)
def test_an_image_that_cannot_be_had_changes_nothing(host: Host, name: str, reason: str) -> None:
    before = (host.live(), host.journal(), release(host))
    said = host.deploy(name, code=REFUSED)
    assert said.splitlines()[-1].startswith(f"refused: {reason} {name}: ")
    assert "Traceback" not in said and "line " not in said.splitlines()[-1]
    assert (host.live(), host.journal(), release(host)) == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--rollback", "50"], "there is no release 50 before"), (["--forward"], "no such option"),
     (["a", "b"], "one image at a time"), (["--leave", "--dry-run"], "--dry-run goes with")],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_one_line(
    host: Host, arguments: list[str], reason: str
) -> None:
    assert reason in host.deploy(*arguments, code=REFUSED).splitlines()[-1]


def test_a_full_disk_is_refused(releases: Callable[..., str], tmp_path: Path) -> None:
    override = tmp_path / "small.yml"
    override.write_text(
        "volumes: {cache: {driver_opts: {type: tmpfs, device: tmpfs, o: size=100m}}}\n"
    )
    small = Host("kaira-test-small", override)
    try:
        said = small.deploy(releases("v1"), code=REFUSED)
        assert re.search(r"refused: disk: \d+ MB are free, 1024 are needed", said.splitlines()[-1])
    finally:
        small.down()


def test_too_little_memory_for_a_second_copy_is_refused(
    releases: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 1000000 kB\nMemAvailable: 120000 kB\n")
    override = tmp_path / "small.yml"
    override.write_text(
        f"services: {{nginx: {{volumes: ['{tmp_path}/meminfo:/proc/meminfo:ro']}}}}\n"
    )
    small = Host("kaira-test-small", override)
    try:
        said = small.deploy(releases("v1"), code=REFUSED)
        assert "refused: memory: 117 MB are available, a second copy needs 160" in said
    finally:
        small.down()


@pytest.fixture
def registry() -> Iterator[str]:
    """A real registry; its address."""
    name, port = "kaira-test-registry", free_port()
    run("docker", "run", "-d", "--name", name, "-p", f"127.0.0.1:{port}:5000", "registry:2")
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/v2/"), "the registry answers")
        yield f"127.0.0.1:{port}"
    finally:
        run("docker", "rm", "-f", "-v", name)


def test_an_image_is_pulled_by_digest(
    host: Host, releases: Callable[..., str], registry: str
) -> None:
    name = f"{registry}/team/kaira"
    run("docker", "tag", releases("v2"), f"{name}:v2")
    digest = re.search(r"sha256:[0-9a-f]{64}", run("docker", "push", f"{name}:v2"))
    assert digest is not None
    run("docker", "rmi", f"{name}:v2")
    host.deploy(f"{name}@{digest[0]}", WATCH_SECONDS="1")
    assert release(host) == "v2"
    assert host.journal()[-1]["digest"] == digest[0]


def deploy_when_free(host: Host, image: str) -> None:
    """Deploy; a child of the killed script may hold the lock for a moment."""
    end = time.monotonic() + 60
    while True:
        process = host.start(image, WATCH_SECONDS="1")
        said, _ = process.communicate(timeout=120)
        if process.returncode != REFUSED or time.monotonic() > end:
            assert process.returncode == 0, said
            return
        time.sleep(0.3)


def state(host: Host, colour: str) -> str:
    found = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Status}}", host.container(colour)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False
