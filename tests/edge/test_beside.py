"""What runs beside nginx is there again when it has died."""

from __future__ import annotations

import pytest

from tests.edge.stack import Stack, run, wait_until
from tests.edge.test_metrics import settle

START = "/etc/nginx/kaira/start"


def running(stack: Stack, *command: str) -> list[str]:
    """The process ids of those whose command line begins so."""
    every = (
        "for p in /proc/[0-9]*; do echo ${p#/proc/} $(tr '\\0' ' ' 2>/dev/null <$p/cmdline); done"
    )
    lines = [line.split() for line in stack.execute("nginx", "sh", "-c", every).splitlines()]
    return [pid for pid, *words in lines if words[: len(command)] == list(command)]


@pytest.mark.parametrize(
    "command",
    [("/bin/sh", f"{START}/keep"), ("/bin/sh", f"{START}/count"), ("sed", "-unEf")],
    ids=["keep", "count", "errors"],
)
def test_what_is_killed_is_started_again(stack: Stack, command: tuple[str, ...]) -> None:
    (before,) = running(stack, *command)
    kill = ("sh", "-c", f"kill -9 {before}")
    run("docker", "exec", "--user", "nginx", stack.container("nginx"), *kill)
    wait_until(lambda: running(stack, *command) not in ([], [before]), "it is back", 15)
    settle(stack)  # and does what it did before
    _have_nginx_complain(stack)


def test_who_counts_anew_counts_nothing_twice(stack: Stack) -> None:
    settle(stack)
    before = _counted(stack)
    (process,) = running(stack, "/bin/sh", f"{START}/count")
    run(
        "docker",
        "exec",
        "--user",
        "nginx",
        stack.container("nginx"),
        "sh",
        "-c",
        f"kill -9 {process}",
    )
    with stack.client() as client:
        for _ in range(3):
            client.get("/")
    wait_until(lambda: _counted(stack) >= before + 3, "they are counted", 20)
    assert _counted(stack) == before + 3


# Private


def _counted(stack: Stack) -> float:
    """How many answers of visitors were counted."""
    told = stack.execute("nginx", "curl", "-s", "http://127.0.0.1:9145/metrics").splitlines()
    return sum(
        float(line.split()[-1]) for line in told if line.startswith("kaira_edge_requests_total{")
    )


def _have_nginx_complain(stack: Stack) -> None:
    def complaints() -> int:
        return "".join(stack.logs("nginx")).count('"event":"nginx error"')

    before = complaints()
    with stack.client() as client:
        client.post("/", content=b"x" * (1024 * 1024 + 1))
    wait_until(lambda: complaints() > before, "nginx's own line is written anew", 15)
