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


# Private


def _have_nginx_complain(stack: Stack) -> None:
    def complaints() -> int:
        return "".join(stack.logs("nginx")).count('"event":"nginx error"')

    before = complaints()
    with stack.client() as client:
        client.post("/", content=b"x" * (1024 * 1024 + 1))
    wait_until(lambda: complaints() > before, "nginx's own line is written anew", 15)
