"""No service has a right that it does not need."""

from __future__ import annotations

import re

import pytest

from tests.edge.stack import COMPOSE, Stack, run

SERVICES = ["app", "nginx"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_root_is_read_only_and_no_privilege_can_be_gained(stack: Stack, service: str) -> None:
    host = stack.inspect(service)["HostConfig"]
    assert isinstance(host, dict)
    assert host["ReadonlyRootfs"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["Privileged"]
    assert host["Memory"] > 0 and host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"] and host["LogConfig"]["Config"]["max-file"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_the_application_has_no_capability_at_all(stack: Stack) -> None:
    assert stack.inspect("app")["HostConfig"]["CapAdd"] is None  # type: ignore[index]
    status = stack.execute("app", "cat", "/proc/1/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.M)
    assert re.search(r"^Uid:\s+10001\b", status, re.M)


def test_what_reads_requests_in_nginx_is_not_root(stack: Stack) -> None:
    every = "for p in /proc/[0-9]*; do cat $p/status 2>/dev/null; done"
    seen = re.findall(
        r"^Name:\s+nginx$.*?^Uid:\s+(\d+).*?^CapEff:\s+(\w+)$",
        stack.execute("nginx", "sh", "-c", every),
        re.MULTILINE | re.DOTALL,
    )
    masters = [capabilities for uid, capabilities in seen if uid == "0"]
    workers = [capabilities for uid, capabilities in seen if uid == "101"]
    assert [int(each, 16) for each in masters] == [1 << 0 | 1 << 6 | 1 << 7]  # see compose
    assert workers and all(int(each, 16) == 0 for each in workers)
    assert len(masters) + len(workers) == len(seen)


def test_the_application_has_no_way_out_and_publishes_nothing(stack: Stack) -> None:
    probe = (
        "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 2); print('out')"
        "\nexcept OSError as error: print('in', error)"
    )
    assert stack.execute("app", "python", "-c", probe).startswith("in")
    assert not stack.inspect("app")["HostConfig"]["PortBindings"]  # type: ignore[index]
    network = f"{stack.project}_kaira"
    assert run("docker", "network", "inspect", "-f", "{{.Internal}}", network).strip() == "true"


def test_the_application_has_longer_to_stop_than_gunicorn_takes(stack: Stack) -> None:
    assert stack.inspect("app")["Config"]["StopTimeout"] > 30  # type: ignore[index]


def test_compose_finds_nothing_to_warn_of() -> None:
    command = f"docker compose -f {COMPOSE} config -q 2>&1"
    assert run("env", "-u", "DOMAIN", "sh", "-c", command) == ""
    assert run("sh", "-c", command, env={"DOMAIN": "shop.example"}) == ""


def test_the_whole_stack_is_idle_within_200_mb(stack: Stack) -> None:
    total = 0
    for service in SERVICES:
        text = run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}",
                   stack.container(service))  # fmt: skip
        value, unit = re.match(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]
        total += float(value) * {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}[unit]
    print(f"{total:.0f} MiB")
    assert total <= 200


@pytest.mark.parametrize(("name", "value"), [("DOMAIN", "shop.example; }"), ("RATE_LIMIT", "many")])
def test_a_bad_setting_ends_the_start_of_nginx_with_one_line(name: str, value: str) -> None:
    bad = Stack("kaira-test-bad", **{name: value})
    try:
        bad.compose("up", "-d", "--no-deps", "nginx")
        lines = bad.compose("logs", "--no-log-prefix", "nginx").splitlines()
        assert lines and all(line.startswith(f"kaira: {name}: got '{value}'") for line in lines)
    finally:
        bad.down()
