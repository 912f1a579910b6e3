"""The production stack, started as an operator starts it."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.prod.yml"

# What a browser sends, and the classes that the edge's cache knows (nginx/edge/cache.conf).
BROWSER = "gzip, deflate, br, zstd"
CLASSES = [BROWSER, "gzip, deflate, br", "gzip", ""]

# Made once: it takes longer than a request.
TRUST = ssl.create_default_context()


def run(*command: str, check: bool = True, env: dict[str, str] | None = None) -> str:
    """The standard output of a command, which must succeed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0 or not check, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Ask until it is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(0.2)


class Stack:
    """One `docker compose` project of the production file, on a port of its own."""

    def __init__(self, project: str, *overrides: Path, base: Path = COMPOSE, **env: str) -> None:
        """`overrides`: further compose files."""
        self.project = project
        self.files = [part for file in (base, *overrides) for part in ("-f", str(file))]
        self.port = free_port()
        self.env = {
            "HTTP_PORT": str(self.port),
            "HTTPS_PORT": str(free_port()),
            "KAIRA_IMAGE": "kaira-server:test",
            "RATE_LIMIT": "100000",
            "RELEASE": "test",
            **env,
        }
        self.url = f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run `docker compose` for this project."""
        project = ("docker", "compose", *self.files, "-p", self.project)
        return run(*project, *arguments, check=check, env=self.env)

    def up(self, *arguments: str) -> None:
        """Start, and wait until all is well."""
        self.compose("up", "-d", "--wait", *arguments)

    def down(self) -> None:
        """Stop, and remove everything that it made."""
        self.compose("down", "-v", "--timeout", "3", check=False)

    def container(self, service: str) -> str:
        """The name of the container of a service."""
        return f"{self.project}-nginx" if service == "nginx" else f"{self.project}-{service}-1"

    def execute(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a service's container."""
        return run("docker", "exec", self.container(service), *command, check=check)

    def inspect(self, service: str) -> dict[str, object]:
        """What Docker knows of a service's container."""
        found: dict[str, object] = json.loads(run("docker", "inspect", self.container(service)))[0]
        return found

    def logs(self, service: str) -> list[str]:
        """The lines that a service has written to its standard output."""
        return run("docker", "logs", self.container(service)).splitlines()

    def client(self, **headers: str) -> httpx.Client:
        """A client that says nothing of itself that a test does not say."""
        headers = {"accept-encoding": "", **headers}
        return httpx.Client(base_url=self.url, headers=headers, timeout=10, verify=TRUST)

    def raw(self, request: bytes, seconds: float = 5) -> bytes:
        """Send bytes as they are; what comes back until the end or until nothing more comes."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(request)
            try:
                while part := connection.recv(65536):
                    answer += part
            except (TimeoutError, ConnectionResetError):
                pass
        return answer

    def paths(self) -> list[str]:
        """Every path of the site, as the application lists them for the edge."""
        inside = "http://127.0.0.1:8081/_paths"
        host = f"Host: {self.env.get('DOMAIN') or 'localhost'}"
        return self.execute("nginx", "curl", "-sf", "-H", host, inside).split()

    def wait_until_warm(self) -> None:
        """Until the edge has fetched the whole site by itself."""

        def warm() -> bool:
            return ".etag" in self.execute("nginx", "ls", "/var/cache/kaira/lists", check=False)

        wait_until(warm, "the edge has fetched the site")
