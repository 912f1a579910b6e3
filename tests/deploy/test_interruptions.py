"""The script is killed, started twice, or finds that something is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.conftest import SCRIPT, Host, visitors
from tests.deploy.site import faulty
from tests.deploy.test_deployments import release
from tests.edge.stack import free_port, run, wait_until

FAILED, REFUSED, BROKE_OFF = 1, 2, 4
JOURNAL = "/live/deployments.jsonl"
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
            else:
                pytest.fail(f"there is no such step: {step}")
            process.kill()
            process.wait()
            wanted = image.rpartition(":")[2]
            assert release(host) in (before, wanted), step
            deploy_when_free(host, image)
            assert release(host) == wanted, step
            other = "green" if host.live() == "blue" else "blue"
            assert state(host, other) in ("exited", "created"), step
    assert seen["wrong"] == []


def test_a_page_of_a_release_that_was_hardly_live_still_has_its_style(
    host: Host, releases: Callable[..., str]
) -> None:
    process = host.start(releases("brief"), WATCH_SECONDS="60")
    assert process.stdout is not None
    assert any(" watch " in line for line in process.stdout)
    process.kill()
    process.wait()
    with host.client(**{"accept-encoding": "gzip, deflate, br"}) as client:
        style = re.search(r"/style\.[0-9a-f]+\.css", client.get("/").text)
        assert style is not None
        deploy_when_free(host, releases("v1"))
        assert "brief" in client.get(style[0]).text


def test_two_at_once_are_one(host: Host, releases: Callable[..., str], tmp_path: Path) -> None:
    first = host.start(releases("v1"), WATCH_SECONDS="1")
    assert first.stdout is not None
    first.stdout.readline()
    for script in (SCRIPT, shutil.copy(SCRIPT, tmp_path)):  # whichever folder it is run in
        said = host.deploy(releases("v2"), code=REFUSED, script=script)
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
     (["a", "b"], "one image at a time"), (["--leave", "--dry-run"], "--dry-run goes with"),
     (["--rollback", "v1"], "takes a number"), (["--rollback", "0"], "takes a number"),
     (["--rollback", "1", "v1"], "takes no image"), (["--status", "v1"], "takes no image")],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_one_line(
    host: Host, arguments: list[str], reason: str
) -> None:
    assert reason in host.deploy(*arguments, code=REFUSED).splitlines()[-1]


@pytest.mark.parametrize("name", ["START_SECONDS", "WATCH_SECONDS", "DRAIN_SECONDS"])
@pytest.mark.parametrize("value", ["30s", "2.5", "08", "-1"])
def test_seconds_that_are_none_are_refused_before_anything_is_done(
    host: Host, name: str, value: str
) -> None:
    said = host.deploy("kaira-server:v1", code=REFUSED, **{name: value})
    assert said == f"refused: {name} takes whole seconds, and got {value}\n"


def test_there_is_nothing_to_hand_over_before_the_first_release() -> None:
    empty = Host("kaira-test-small")
    try:
        said = empty.deploy("--leave", code=REFUSED)
        assert said.splitlines()[-1] == "refused: nothing serves that could be handed over"
    finally:
        empty.down()


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


def test_what_nobody_thought_of_is_told(
    host: Host, releases: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "sleep").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "sleep").chmod(0o755)
    before = (host.live(), release(host))
    path = f"{tmp_path}:{os.environ['PATH']}"
    said = host.deploy(releases("v1"), code=BROKE_OFF, PATH=path)
    assert re.fullmatch(r"broke off in line \d+; --status tells .*", said.splitlines()[-1])
    assert (host.live(), release(host)) == before
    host.deploy(releases("v1"), WATCH_SECONDS="1")
    assert release(host) == "v1"


def test_a_certificate_in_trouble_keeps_no_release_back(releases: Callable[..., str]) -> None:
    # No authority gives one for such a name, and certbot's container does not stay up.
    named = Host("kaira-test-named", DOMAIN="localhost", WATCH_SECONDS="1")
    named.down()
    try:
        named.deploy(releases("v1"))
        named.deploy(releases("v2"))
        before = (named.live(), named.journal())
        said = named.deploy(releases("v1"), code=REFUSED, DOMAIN="shop.example")
        assert said.splitlines()[-1].startswith(
            "refused: DOMAIN is 'shop.example' now, and the edge"
        )
        assert (named.live(), named.journal()) == before
    finally:
        named.down()


def test_a_first_release_that_is_no_good_stays_where_there_is_no_other(
    releases: Callable[..., str],
) -> None:
    fresh = Host("kaira-test-fresh")
    fresh.down()
    try:
        with visitors(fresh):
            image = releases("broken-route", *faulty("route"))
            said = fresh.deploy(image, code=FAILED, WATCH_SECONDS="15")
        assert "there is no other version to go back to" in said.splitlines()[-1]
        assert state(fresh, fresh.live()) == "running"
    finally:
        fresh.down()


def test_a_long_history_is_no_burden(host: Host, releases: Callable[..., str]) -> None:
    lines = (
        f'{{"outcome":"deployed","release":"{number}","image":"sha256:{number:064}"}}\n'
        for number in range(2000)
    )
    command = ["docker", "exec", "-i", host.container("nginx"), "sh", "-c", f"cat >>{JOURNAL}"]
    subprocess.run(command, input="".join(lines), text=True, check=True)
    said = host.deploy(releases("v1"), WATCH_SECONDS="1")
    assert "done: v1 serves" in said.splitlines()[-1]
    host.deploy(releases("v2"), WATCH_SECONDS="1")
    host.deploy("--rollback", WATCH_SECONDS="1")
    assert release(host) == "v1"


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


def test_what_nobody_can_go_back_to_is_removed(
    host: Host, releases: Callable[..., str], registry: str
) -> None:
    name = f"{registry}/team/kaira"
    for number in range(8):
        image = releases(f"old{number}", *(('CMD ["false"]',) if number == 1 else ()))
        run("docker", "tag", image, f"{name}:{number}")
        run("docker", "push", "-q", f"{name}:{number}")
        run("docker", "rmi", f"{name}:{number}", image)
        host.deploy(f"{name}:{number}", code=FAILED if number == 1 else 0, WATCH_SECONDS="1")
    kept = run("docker", "image", "ls", "--format", "{{.Tag}}", name).split()
    assert sorted(kept) == ["2", "3", "4", "5", "6", "7"]
    for number in range(6, 1, -1):
        host.deploy("--rollback", WATCH_SECONDS="1")
        assert release(host) == f"old{number}"


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
