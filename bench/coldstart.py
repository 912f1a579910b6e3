"""From the start of a process to its first answer.

Measured inside the image, which has what is shipped and nothing else; where there is no
Docker, in the environment of this command. `python -m bench.coldstart SITE ROUNDS [ENTRYPOINT]`
prints it; with the entrypoint of an app.yaml what `bench.appengine` compares, in its container.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.contestants import (
    BIN,
    PROJECT,
    ROOT,
    FailedError,
    MissingError,
    docker,
    free_port,
    gunicorn,
    kaira_environment,
    require_docker,
    stop,
)
from bench.runner import SERVER_CORE, Result

IMAGE = "kaira-server:bench"

Commands = dict[str, Callable[[int], list[str]]]


def cold_starts(site: Path, *, rounds: int, tell: Callable[[str], None]) -> list[Result]:
    """Starts a second, the inverse of the time to the first 200 from `/`.

    Of the application and of an empty FastAPI application, on gunicorn and on uvicorn, in turn.
    """
    try:
        build_image(tell=tell)
        tell(f"cold start: {rounds} rounds inside the image")
        name = f"{PROJECT}-{free_port()}"
        container = ["--rm", "--name", name, "--user", "0", "--cpuset-cpus", SERVER_CORE]
        files = ["-v", f"{ROOT}/bench:/work/bench:ro", "-w", "/work"]
        command = ["python", "-m", "bench.coldstart", "/srv/site", str(rounds)]
        try:
            printed = docker("run", *container, *files, IMAGE, *command)
        finally:
            docker("rm", "-f", name)  # it is still there if we were stopped meanwhile
        found: dict[str, list[float]] = json.loads(printed)
    except MissingError as reason:
        tell(f"cold start: not in the image, but here: {reason}")
        # What is compiled already must not decide: all bytecode is in a folder of its own,
        # which the first round fills, whatever the environment says of writing any.
        with tempfile.TemporaryDirectory() as bytecode:
            env = {
                name: value
                for name, value in os.environ.items()
                if name != "PYTHONDONTWRITEBYTECODE"
            }
            found = measure(commands(), site, rounds, {**env, "PYTHONPYCACHEPREFIX": bytecode})
    return [Result(name, values) for name, values in found.items()]


def build_image(*, tell: Callable[[str], None]) -> None:
    """Build `IMAGE` of what is here now. Raises MissingError where there is no Docker."""
    require_docker()
    tell("building the image")
    docker("build", "-q", "-f", "Dockerfile.prod", "-t", IMAGE, ".")


def commands(entrypoint: str | None = None) -> Commands:
    """Who is compared: by name the command that listens on a port."""
    if entrypoint is not None:
        return {
            "kaira on App Engine": lambda _: ["bash", "-c", f"cd /compiled && {entrypoint}"],
            "kaira on App Engine, not compiled": lambda _: ["bash", "-c", entrypoint],
            "empty FastAPI on App Engine": lambda port: gunicorn("bench.peers.empty:app", port),
        }
    uvicorn = [str(BIN / "uvicorn"), "--log-level", "error", "--port"]
    return {
        "kaira serve": lambda _: [str(BIN / "kaira"), "serve"],
        "empty FastAPI, gunicorn": lambda port: gunicorn("bench.peers.empty:app", port),
        "kaira, uvicorn": lambda port: [*uvicorn, str(port), "kaira_fastapi_poetry.main:app"],
        "empty FastAPI, uvicorn": lambda port: [*uvicorn, str(port), "bench.peers.empty:app"],
    }


def measure(
    contestants: Commands, site: Path, rounds: int, env: Mapping[str, str]
) -> dict[str, list[float]]:
    """The same, here and now, in the environment `env`."""
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        # Backwards every other time: to come after the same neighbour each time would count.
        for name, command in list(contestants.items())[:: -1 if number % 2 else 1]:
            seconds = _start(command, site, {**env, "PYTHONPATH": str(ROOT)})
            if number:  # the first one fills caches
                measured[name].append(1 / seconds)
    return measured


def _start(command: Callable[[int], list[str]], site: Path, env: dict[str, str]) -> float:
    port = free_port()
    began = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *command(port)],
        cwd=ROOT,
        env={**env, **kaira_environment(site, port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while time.monotonic() < began + 30:
            if _answers(port):
                return time.monotonic() - began
            time.sleep(0.005)
        raise FailedError(f"{command(port)[0]} did not answer within 30 s")
    finally:
        stop(process)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


if __name__ == "__main__":
    os.sched_setaffinity(0, {0})
    site, number, *more = sys.argv[1:]
    print(json.dumps(measure(commands(*more), Path(site), int(number), os.environ)))
