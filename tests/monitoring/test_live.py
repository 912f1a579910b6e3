"""The whole of it beside a real site under load: everything is asked, and alerts arrive."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.edge.conftest import image as image  # noqa: PLC0414  # the fixture
from tests.edge.stack import ROOT, Stack, run, wait_until
from tests.monitoring.mailbox import PASSWORD, USER, Mailbox
from tests.monitoring.stack import Monitoring, Receiver, visitors

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def stack(image: str) -> Iterator[Stack]:
    """A site of its own: that of the tests of the edge may be in use at this moment."""
    stack = Stack("kaira-watched", KAIRA_IMAGE=image)
    stack.down()
    try:
        stack.up()
        stack.wait_until_warm()
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    folder = tmp_path_factory.mktemp("mail")
    mailbox = Mailbox(folder)
    for each in (folder, folder.parent):
        each.chmod(0o755)  # Alertmanager is another user
    yield mailbox
    mailbox.close()


@pytest.fixture(scope="module")
def monitoring(stack: Stack, receiver: Receiver, mailbox: Mailbox) -> Iterator[Monitoring]:
    """Beside the production stack, with every way to tell people."""
    monitoring = Monitoring(
        stack, receiver, Path(__file__).with_name("mail.yml"),
        MAIL=str(mailbox.folder),
        ALERT_EMAIL_TO="you@shop.example",
        SMTP_HOST=f"receiver:{mailbox.port}",
        SMTP_USER=USER,
        SMTP_PASSWORD=PASSWORD,
        ALERT_SLACK_URL=f"http://receiver:{receiver.port}/slack",
    )  # fmt: skip
    monitoring.down()
    try:
        monitoring.up()
        yield monitoring
    finally:
        monitoring.down()


def test_every_target_is_found(monitoring: Monitoring) -> None:
    assert set(monitoring.targets()) == {
        "app/blue", "edge/edge", "nginx/edge", "node/host", "blackbox/http://nginx/",
        "prometheus/prometheus", "alertmanager/alertmanager",
    }  # fmt: skip


def test_nothing_listens_but_on_this_machine(monitoring: Monitoring) -> None:
    for service in monitoring.SERVICES:
        told = run("docker", "port", monitoring.container(service))
        assert all("127.0.0.1:" in line for line in told.splitlines()), told


def test_who_has_dockers_socket_has_no_network(monitoring: Monitoring) -> None:
    for service in monitoring.SERVICES:
        found = monitoring.inspect(service)
        mounts = [each["Source"] for each in found["Mounts"]]  # type: ignore[attr-defined]
        network = found["HostConfig"]["NetworkMode"]  # type: ignore[index]
        assert ("/var/run/docker.sock" in mounts) == (network == "none"), service


def test_nobody_can_have_the_prober_ask_who_has_no_way_out(
    monitoring: Monitoring, stack: Stack
) -> None:
    settings = monitoring.inspect("blackbox")["NetworkSettings"]
    addresses = [each["IPAddress"] for each in settings["Networks"].values()]  # type: ignore[index]
    assert len(addresses) == 2
    for address in ("blackbox", *addresses):
        ask = f"import socket; socket.create_connection(('{address}', 9115), 3); print('open')"
        assert "open" not in stack.execute("app", "python", "-c", ask, check=False)
    ask = "import socket; socket.create_connection(('prometheus', 9090), 3); print('open')"
    assert "open" in stack.execute("app", "python", "-c", ask)  # it can reach what is beside it


def test_idle_it_takes_less_than_it_may(monitoring: Monitoring) -> None:
    used = monitoring.memory()
    print(used)
    assert sum(used.values()) < 125, used  # of 381 MiB; Grafana, which is not here, may have 256


def test_what_visitors_get_is_seen(monitoring: Monitoring, stack: Stack) -> None:
    for _ in range(50):
        httpx.get(f"{stack.url}/")
    wait_until(
        lambda: monitoring.value('sum(kaira_edge_requests_total{kind="page",code="200"})') >= 50,
        "the requests are there", 45,
    )  # fmt: skip
    assert monitoring.value("kaira_edge_live") == 1
    assert monitoring.value('probe_success{job="blackbox"}') == 1
    (release,) = monitoring.ask("kaira_release_info")
    assert (release["metric"]["release"], release["metric"]["colour"]) == ("test", "blue")
    running = {each["metric"]["name"] for each in monitoring.ask("kaira_container_running == 1")}
    assert f"{stack.project}-nginx" in running
    assert all(name.startswith(stack.project) for name in running)  # others are none of its concern


PAGES = {
    "/whole": (b"<html><body>x</body></HTML>", 1),
    "/short": (b"<!DOCTYPE html><title>x</title><p>x", 1),  # which is whole too
    "/other": (b"It works!", 0),
}


class Pages(BaseHTTPRequestHandler):
    """Answers with one of them."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PAGES[self.path][0])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_prober_knows_a_page_when_it_sees_one(monitoring: Monitoring) -> None:
    with ThreadingHTTPServer(("0.0.0.0", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for path, (_, well) in PAGES.items():
            target = f"http://receiver:{server.server_port}{path}"
            url = f"http://blackbox:9115/probe?module=site&target={target}"
            said = monitoring.execute("prometheus", "wget", "-q", "-O", "-", url)
            assert f"\nprobe_success {well}\n" in said, path
        server.shutdown()


def test_new_rules_are_in_force_by_themselves(tmp_path: Path) -> None:
    folder, name = tmp_path / "prometheus", "kaira-watched-rules"
    shutil.copytree(ROOT / "monitoring/prometheus", folder)
    run("chmod", "-R", "a+rX", str(tmp_path.parent))  # Prometheus is another user
    run("docker", "run", "--detach", "--name", name, "--entrypoint", "sh", "-v",
        f"{folder}:/etc/prometheus:ro", "prom/prometheus:v3.13.3-busybox", "/etc/prometheus/start")  # fmt: skip
    try:

        def answers(text: str) -> bool:
            ask = ("wget", "-q", "-O", "-", "http://127.0.0.1:9090/api/v1/rules")
            return text in run("docker", "exec", name, *ask, check=False)

        wait_until(lambda: answers('"EdgeDown"'), "it has its rules", 30)
        rule = "groups: [{name: new, rules: [{alert: BrandNew, expr: vector(1)}]}]\n"
        (folder / "rules/new.yml").write_text(rule)
        wait_until(lambda: answers('"BrandNew"'), "it has the new one", 90)
    finally:
        run("docker", "rm", "-f", "-v", name)


def test_memory_that_runs_out_in_somebody_else_s_container_is_not_the_machine_s(
    monitoring: Monitoring,
) -> None:
    hoard = "b = []\nwhile True: b.append(bytearray(1 << 20))"
    killed = ("docker", "run", "--rm", "--memory", "20m", "--memory-swap", "20m", "--network", "none",
              "python:3.14-slim", "python", "-c", hoard)  # fmt: skip
    run(*killed, check=False)
    others = 'kaira_container_oom_kills_total{name="other"}'
    wait_until(lambda: monitoring.value(others) > 0, "it is told", 60)
    # The kernel's own count has grown for longer than the alert waits (`for`).
    counted = "sum_over_time((sum(increase(node_vmstat_oom_kill[30m])) > bool 0)[3m:15s]) >= 6"
    wait_until(lambda: bool(monitoring.ask(counted)), "the machine has counted it", 180)
    told = 'count_over_time(ALERTS{alertname=~".+OutOfMemory",alertstate="firing"}[30m])'
    assert monitoring.ask(told) == []


def test_that_the_host_is_down_is_all_that_is_told(
    monitoring: Monitoring, receiver: Receiver
) -> None:
    began = time.time()
    url = f"{monitoring.alertmanager}/api/v2/alerts"
    follow = {"EdgeDown": "page", "SiteUnreachable": "page", "DiskLow": "ticket"}

    def send(until: float, **alerts: str) -> None:
        end = datetime.fromtimestamp(until, UTC).isoformat()
        told = [
            {"labels": {"alertname": name, "severity": severity}, "endsAt": end}
            for name, severity in alerts.items()
        ]
        httpx.post(url, json=told).raise_for_status()

    try:
        send(began + 600, **follow)
        time.sleep(5)  # so that whatever would be told of them is told before the cause is
        send(began + 600, HostDown="page")
        receiver.wait("HostDown", "firing", began, 90)
        assert receiver.names("firing", began) == {"HostDown"}
        inhibited = httpx.get(url, params={"active": "false", "inhibited": "true"}).json()
        assert follow.keys() <= {each["labels"]["alertname"] for each in inhibited}
    finally:
        send(time.time(), HostDown="page", **follow)


def test_one_command_sends_a_test_message_every_way(
    monitoring: Monitoring, receiver: Receiver, mailbox: Mailbox
) -> None:
    began = time.time()
    said = run(
        str(ROOT / "monitoring/alertmanager/test"), env={"COMPOSE_PROJECT_NAME": monitoring.project}
    )
    assert all(f"{way}: taken" in said for way in ("email", "slack", "webhook")), said
    assert "ALERT_RUNBOOKS_URL is not set" in said
    (name,) = (each for each in receiver.names("firing", began) if each.startswith("TestAlert"))
    assert name in said
    (letter,) = (each for each in mailbox.letters if "This is a test" in each["Subject"])
    assert (letter["To"], letter["From"]) == ("you@shop.example", USER)
    (posted,) = (each for each in receiver.slack if "This is a test" in str(each))
    assert "This is a test" in posted["attachments"][0]["title"]
    body = letter.get_body(("plain",))
    assert body is not None
    for text in (body.get_content(), str(posted)):
        assert "시험 알림입니다" in text
    assert PASSWORD not in monitoring.execute("alertmanager", "cat", "/tmp/alertmanager.yml")


@pytest.mark.timeout(900)  # that it is over is told five minutes after the last message at most
def test_a_stopped_application_is_told_and_nothing_else(
    monitoring: Monitoring, stack: Stack, receiver: Receiver
) -> None:
    began = time.time()
    with visitors(stack):
        run("docker", "stop", "--time", "0", stack.container("app"))
        try:
            told = receiver.wait("SiteServedFromCache", "firing", began, 240)
        finally:
            run("docker", "start", stack.container("app"))
        mended = time.time()
        over = receiver.wait("SiteServedFromCache", "resolved", mended, 480)
    print(f"told after {told - began:.0f} s, over {over - mended:.0f} s after it was mended")
    assert receiver.names("firing", began) == {"SiteServedFromCache"}
