"""What the whole compose stack takes when nobody asks it for anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable

from bench.contestants import PROJECT, ROOT, FailedError, docker, free_port, require_docker

IDLE_SECONDS = 20  # the edge has fetched the whole site by then
_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def idle_memory(image: str, *, tell: Callable[[str], None]) -> dict[str, float]:
    """MB (a million bytes) of each container of docker-compose.prod.yml, by service.

    Raises MissingError where there is no Docker, FailedError if the stack does not start.
    """
    require_docker()
    tell("memory: starting the compose stack")
    port = str(free_port())
    project = f"{PROJECT}-{port}"
    env = {"HTTP_PORT": port, "KAIRA_IMAGE": image, "COMPOSE_PROJECT_NAME": project}
    try:
        _compose("up", "-d", "--wait", "--no-build", env=env)
        time.sleep(IDLE_SECONDS)
        listed = _compose("ps", "--format", "{{.Name}} {{.Service}}", env=env).splitlines()
        services = dict(line.split() for line in listed)
        printed = docker("stats", "--no-stream", "--format", "{{json .}}", *services)
    finally:
        _compose("down", "-v", "--timeout", "3", env=env)
    stats = [json.loads(line) for line in printed.splitlines()]
    return {services[each["Name"]]: megabytes(each["MemUsage"]) for each in stats}


def megabytes(usage: str) -> float:
    """What `docker stats` says is used, "12.5MiB / 128MiB" say, in MB."""
    found = re.match(r"([\d.]+)([KMG]?i?B)", usage)
    if found is None:
        raise ValueError(usage)
    return float(found[1]) * _UNITS[found[2]] / 1e6


# Private


def _compose(*arguments: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        ["docker", "compose", "-f", "docker-compose.prod.yml", *arguments],
        cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True,
        check=False, timeout=180,
    )  # fmt: skip
    if done.returncode:
        raise FailedError(f"docker compose {arguments[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout
