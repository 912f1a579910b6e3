"""From `git push` to a server, as a team lives it: the tests stand in the order of the story.

What deploy.yml does is done by its own steps, on a server that prepare.sh has made ready, with a
real registry, a real certificate authority and real SSH. `make rehearsal` writes down what was seen.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.edge.stack import wait_until
from tests.rehearsal import page
from tests.rehearsal.cloud import Cloud, checkout, reboot
from tests.rehearsal.page import Row
from tests.rehearsal.team import Team, steps
from tests.rehearsal.workflow import Done

# The first one has the server made ready and the image built in its time.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

INFO = "kaira_fastapi_poetry/api/info.py"
AT_START = ("from fastapi import", "raise RuntimeError('a fault')\n\nfrom fastapi import")
# Seconds after a visitor came, so it is live and watched; the edge itself asks from 127.0.0.1.
LATER = (
    '    response.headers["cache-control"]',
    "    import time\n"
    "    if not request.headers['x-forwarded-for'].startswith('127.'):\n"
    "        info.since = getattr(info, 'since', time.monotonic())\n"
    "        if time.monotonic() > info.since + 4:\n"
    "            raise RuntimeError('a fault')\n"
    '    response.headers["cache-control"]',
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private key that may deploy; its public half is beside it."""
    path = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[Cloud]:
    """The server is ready, and nothing was deployed yet."""
    cloud = Cloud()
    cloud.down()
    try:
        source = checkout(tmp_path_factory.mktemp("server") / "kaira")
        print(cloud.rent(source, key.with_suffix(".pub").read_text().strip()))
        yield cloud
    finally:
        cloud.down()


@pytest.fixture(scope="module")
def team(cloud: Cloud, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Team:
    folder = tmp_path_factory.mktemp("runner")
    return Team(cloud, checkout(folder / "kaira"), folder / "home", key)


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[list[Row]]:
    """What is told of on the page, which is written only if all went well, and in time."""
    rows: list[Row] = []
    failed = request.session.testsfailed
    yield rows
    if "REHEARSAL_PAGE" in os.environ and request.session.testsfailed == failed:
        assert not page.late(rows)
        print(page.write(rows))


@pytest.fixture(scope="module")
def first(team: Team) -> Done:
    """The first release, in the registry."""
    team.commit("the first release")
    done = team.build()
    assert done.success, done.log
    return done


def test_a_setting_that_is_missing_stops_it_before_anything_is_changed(
    cloud: Cloud, team: Team, first: Done, rows: list[Row]
) -> None:
    for where, name in (
        (team.secrets, "DEPLOY_KEY"), (team.secrets, "DEPLOY_KNOWN_HOSTS"),
        (team.variables, "DEPLOY_HOST"), (team.variables, "SITE_URL"),
    ):  # fmt: skip
        value = where.pop(name)
        try:
            jobs = team.check(), team.deploy(first)
        finally:
            where[name] = value
        for done in jobs:
            assert not done.success
            assert f"{name}: missing" in done.log
    assert team.check().success
    assert cloud.live() == ""
    rows.append(Row("a secret or a variable is missing", "시크릿이나 변수가 빠졌습니다", True,
                    "nothing was changed", "아무것도 바뀌지 않습니다"))  # fmt: skip


def test_the_first_deployment_makes_a_bare_server_a_site(
    cloud: Cloud, team: Team, first: Done, rows: list[Row]
) -> None:
    done = team.deploy(first)
    assert done.success, done.log
    assert cloud.release() == first.outputs["release"]
    assert "::warning::" not in done.log
    assert cloud.handshake().version() == "TLSv1.3"
    _tells_no_secret(team, done, first)
    rows.append(Row("the first deployment, on the bare server", "빈 서버에 첫 배포", False,
                    "the site, with HTTPS", "HTTPS를 갖춘 사이트", _switched(done)))  # fmt: skip


def test_the_second_one_loses_no_request(cloud: Cloud, team: Team, rows: list[Row]) -> None:
    # The server's clone has other settings of nginx than this release from here on.
    other = ("worker_processes", "# other\nworker_processes")
    team.commit("another release", **{"nginx/nginx.conf": other})
    image = team.build()
    before = cloud.live()
    with cloud.visitors() as visitors:
        time.sleep(2)
        done = team.deploy(image)
    assert done.success, done.log
    assert cloud.live() != before
    assert "::warning::the settings or the compose files" in done.log
    assert cloud.release() == image.outputs["release"]
    assert visitors["failed"] == 0 and visitors["requests"] > 1000
    rows.append(Row("the second one, under load", "부하 속의 두 번째 배포", False,
                    "the new release", "새 릴리스", _switched(done), visitors))  # fmt: skip


@pytest.mark.parametrize(
    "fault, outcome, what, what_ko",
    [
        (AT_START, "failed", "a release that ends as it starts", "시작하자마자 끝나는 릴리스"),
        (LATER, "rolled back", "a release that errs on one path once it is live",
         "서비스를 시작한 뒤 한 경로에서 오류를 내는 릴리스"),
    ],
)  # fmt: skip
def test_a_broken_release_makes_the_workflow_red_and_nobody_sees_it(
    cloud: Cloud, team: Team, rows: list[Row],
    fault: tuple[str, str], outcome: str, what: str, what_ko: str,
) -> None:  # fmt: skip
    good = cloud.release(), cloud.live()
    team.commit("a fault", **{INFO: fault})
    try:
        image = team.build()
    finally:
        old, new = fault
        team.commit("the fault is gone", **{INFO: (new, old)})
    with cloud.visitors() as visitors:
        done = team.deploy(image)
    assert not done.success
    assert cloud.journal()[-1] == outcome
    assert (cloud.release(), cloud.live()) == good
    assert "serves again" in done.summary or "serves as before" in done.summary
    assert visitors["failed"] == 0 and visitors["requests"] > 500
    rows.append(Row(what, what_ko, True, "the old release serves on", "이전 릴리스가 계속 서비스합니다",
                    visitors=visitors))  # fmt: skip


def test_a_release_that_cannot_be_seen_from_outside_is_taken_back(
    cloud: Cloud, team: Team, rows: list[Row]
) -> None:
    good = cloud.release()
    for attempt in ("first", "second"):  # what was taken back once does not come back
        team.commit(f"the {attempt} release that nobody sees")
        image = team.build()
        team.point_to(f"{cloud.net}.4")  # the name leads to another machine
        try:
            done = team.deploy(image)
        finally:
            team.point_to(cloud.address)
        assert not done.success
        assert cloud.release() == good
        assert cloud.journal()[-2:] == ["deployed", "returned"]
    rows.append(Row("a release that cannot be seen from outside", "밖에서는 보이지 않는 릴리스", True,
                    "the old release was put back", "이전 릴리스로 되돌립니다"))  # fmt: skip


def test_going_back_by_hand(cloud: Cloud, team: Team, first: Done, rows: list[Row]) -> None:
    with cloud.visitors() as visitors:
        done = team.deploy(back="1")
    assert done.success, done.log
    assert cloud.release() == first.outputs["release"]
    assert visitors["failed"] == 0
    rows.append(Row("going back one release, by hand", "한 릴리스 전으로 직접 되돌리기", False,
                    "the old release", "이전 릴리스", _switched(done), visitors))  # fmt: skip


def test_another_host_key_is_refused(
    cloud: Cloud, team: Team, first: Done, key: Path, rows: list[Row]
) -> None:
    before = cloud.journal()
    pinned = team.secrets["DEPLOY_KNOWN_HOSTS"]
    other = key.with_suffix(".pub").read_text().split()
    team.secrets["DEPLOY_KNOWN_HOSTS"] = f"{cloud.address} {other[0]} {other[1]}"
    try:
        done = team.deploy(first)
    finally:
        team.secrets["DEPLOY_KNOWN_HOSTS"] = pinned
    assert not done.success
    assert "DEPLOY_KNOWN_HOSTS: the server shows another host key" in done.log
    assert cloud.journal() == before
    rows.append(Row("the server shows another host key", "서버의 호스트 키가 다릅니다", True,
                    "it was told nothing", "아무것도 보내지 않습니다"))  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "id", "", "bash -i", "status; id", "rollback $(id)", "deploy alpine", "cat /srv/kaira/.env",
        f"deploy alpine@sha256:{'0' * 64} {'0' * 40}",
        f"deploy {{repository}}@sha256:{'0' * 64} {'0' * 40} --leave",
        f"deploy {{repository}}-other@sha256:{'0' * 64} {'0' * 40}",
    ],
)  # fmt: skip
def test_the_key_can_do_nothing_else(cloud: Cloud, team: Team, command: str) -> None:
    before = cloud.journal()
    done = team.ssh(command.format(repository=cloud.repository))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("refused: this")
    assert cloud.journal() == before


def test_the_key_opens_no_way_through_the_server(team: Team) -> None:
    done = team.ssh("-o", "ExitOnForwardFailure=yes", "-W", "127.0.0.1:80", "status")
    assert done.returncode == 255
    assert "prohibited" in done.stderr


def test_another_key_is_refused(team: Team, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    done = team.ssh("status", key=other)
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_the_server_is_open_only_where_it_serves(cloud: Cloud) -> None:
    listening = cloud.on_server("ss", "-Hltn").splitlines()
    ends = (line.split()[3].rpartition(":") for line in listening)
    assert {int(port) for host, _, port in ends if not host.startswith("127.")} == {22, 80, 443}
    # What somebody starts there by mistake is not reached from outside.
    cloud.on_server("sh", "-c", "timeout 30 socat TCP-LISTEN:8080,fork EXEC:date >/dev/null 2>&1 &")
    wait_until(lambda: ":8080" in cloud.on_server("ss", "-Hltn"), "it listens", 10)
    with pytest.raises(OSError):
        socket.create_connection((cloud.address, 8080), timeout=2).close()


def test_the_server_keeps_itself_up_to_date(cloud: Cloud) -> None:
    settings = cloud.on_server("apt-config", "dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert 'Unattended-Upgrade::Automatic-Reboot "true";' in settings
    said = cloud.on_server("unattended-upgrade", "--dry-run", "--verbose")
    assert "label=Docker CE" in said or "l=Docker CE" in said, said


def test_a_registry_that_is_down_changes_nothing(cloud: Cloud, team: Team, rows: list[Row]) -> None:
    before = cloud.release(), cloud.live(), cloud.journal()
    team.commit("a release that cannot be fetched")
    image = team.build()
    cloud.compose("stop", "registry")
    try:
        done = team.deploy(image)
        again = team.build()
    finally:
        cloud.start("registry")
    assert not done.success and "refused" in done.log
    assert not again.success
    assert (cloud.release(), cloud.live(), cloud.journal()) == before
    rows.append(Row("the registry is down", "레지스트리가 응답하지 않습니다", True,
                    "nothing was changed", "아무것도 바뀌지 않습니다"))  # fmt: skip


def test_a_connection_that_breaks_midway_breaks_no_deployment(
    cloud: Cloud, team: Team, first: Done, rows: list[Row]
) -> None:
    deployments = len(cloud.journal())
    before = cloud.live()
    found: list[Done] = []
    job = threading.Thread(target=lambda: found.append(team.deploy(first)))
    job.start()
    there = "docker ps --format {{.Names}} | grep -c -x -e kaira-blue -e kaira-green || true"
    wait_until(lambda: cloud.on_server("sh", "-c", there).strip() == "2", "it is under way", 60)
    cloud.on_server("pkill", "-x", "sshd-session")
    job.join(120)
    assert not found[0].success
    assert "the connection to the server broke" in found[0].log
    wait_until(lambda: len(cloud.journal()) > deployments, "it goes on to its end", 90)
    assert cloud.journal()[-1] == "deployed"
    assert cloud.live() != before
    assert cloud.release() == first.outputs["release"]
    rows.append(Row("the connection to the server breaks midway", "서버와의 연결이 도중에 끊깁니다", True,
                    "the deployment goes on to its end", "배포는 끝까지 진행됩니다"))  # fmt: skip


@pytest.mark.parametrize("power_cut", [False, True], ids=["reboot", "power cut"])
def test_the_site_is_back_by_itself_when_the_server_is(
    cloud: Cloud, rows: list[Row], power_cut: bool
) -> None:
    wait_until(lambda: _one_runs(cloud), "the last deployment has ended", 90)
    before = cloud.release(), cloud.live(), cloud.certificate()["serialNumber"]
    took = reboot(cloud, power_cut=power_cut)
    assert (cloud.release(), cloud.live(), cloud.certificate()["serialNumber"]) == before
    what = ("its power is cut", "서버의 전원이 끊깁니다") if power_cut else (
        "the server is started again", "서버를 다시 시작합니다")  # fmt: skip
    rows.append(Row(*what, None, "the same colour, the same certificate",
                    "같은 색, 같은 인증서", took))  # fmt: skip


def test_a_power_cut_in_the_middle_of_a_deployment_leaves_a_site(
    cloud: Cloud, team: Team, first: Done, rows: list[Row]
) -> None:
    before = cloud.live()
    with ThreadPoolExecutor(1) as pool:
        deployment = pool.submit(team.deploy, first)
        wait_until(lambda: cloud.live() not in ("", before), "visitors are sent to the new one", 90)
        took = reboot(cloud, power_cut=True)
    assert not deployment.result().success
    assert cloud.live() != before
    assert cloud.release() == first.outputs["release"]
    assert team.deploy(first).success  # goes on from there
    assert cloud.live() == before
    assert cloud.release() == first.outputs["release"]
    rows.append(Row("its power is cut in the middle of a deployment, which is then run again",
                    "배포 도중에 서버의 전원이 끊기고, 배포를 다시 실행합니다", True,
                    "the site is there in between, and the new release after it",
                    "그 사이에도 사이트가 있고, 그 뒤에는 새 릴리스가 서비스합니다", took))  # fmt: skip


def test_preparing_it_again_changes_nothing(cloud: Cloud, team: Team) -> None:
    look = "cat /srv/kaira/.env /etc/kaira/* /etc/ssh/sshd_config.d/10-kaira.conf /etc/docker/daemon.json"
    before = cloud.on_server("sh", "-c", look), cloud.release()
    cloud.on_server("/srv/kaira/infra/host/prepare.sh")
    assert (cloud.on_server("sh", "-c", look), cloud.release()) == before
    assert team.ssh("status").returncode == 0


# Private


def _switched(done: Done) -> float:
    """Seconds from the start of the job until all visitors were sent to the new colour."""
    return next(at for at, what in steps(done) if what.startswith("watch "))


def _tells_no_secret(team: Team, *jobs: Done) -> None:
    said = "".join(done.log + done.summary + str(done.outputs) for done in jobs)
    for secret in team.secrets.values():
        for line in secret.split("\n"):
            assert not line or line.startswith("-----") or line not in said


def _one_runs(cloud: Cloud) -> bool:
    names = cloud.on_server("docker", "ps", "--format", "{{.Names}}").split()
    return len({"kaira-blue", "kaira-green"} & set(names)) == 1
