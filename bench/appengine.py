"""App Engine's conditions in a container: its Python, what requirements.txt lists and nothing else,
256 MB, half a CPU, a disk that cannot be written to but for /tmp.

Which is less than the smallest instance class has today (F1: 384 MB).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.contestants import BIN, PROJECT, ROOT, FailedError, docker, free_port, require_docker
from bench.runner import Result

IMAGE = "kaira-appengine"
LIMITS = ["--memory", "256m", "--memory-swap", "256m", "--cpus", "0.5"]
DISK = ["--read-only", "--tmpfs", "/tmp:mode=1777"]


def build_image(requirements: Path, name: str) -> None:
    """Build the image of what a requirements.txt lists. Raises MissingError without Docker."""
    require_docker()
    with tempfile.TemporaryDirectory() as context:
        shutil.copy(ROOT / "bench/peers/appengine/Dockerfile", context)
        shutil.copy(requirements, Path(context) / "requirements.txt")
        docker("build", "-q", "-t", name, context)


def entrypoint(configuration: Path) -> str:
    """The command of an app.yaml, as App Engine's shell becomes it."""
    found = re.search(r"(?m)^entrypoint: (.+)$", configuration.read_text())
    assert found is not None
    return f"exec {found[1]}"


def appengine_starts(*, rounds: int, tell: Callable[[str], None]) -> list[Result]:
    """Starts a second, as `coldstart.cold_starts`, of app.yaml's entrypoint and of an empty
    FastAPI application on the same server.

    With the application as `make appengine` compiles it where it finds App Engine's Python, and as
    it is uploaded where it does not. Raises MissingError where there is no Docker.
    """
    require_docker()
    tell("App Engine: preparing what is uploaded")
    for command in (["kaira", "press"], ["python", "-m", "infra.appengine"]):
        program = [str(BIN / command[0]), *command[1:]]
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FailedError(done.stderr.strip())
    build_image(ROOT / "requirements.txt", IMAGE)
    with tempfile.TemporaryDirectory() as folder:
        sources = shutil.ignore_patterns("__pycache__")
        for state in ("source", "compiled"):
            application = Path(folder) / state / "kaira_fastapi_poetry"
            shutil.copytree(ROOT / "kaira_fastapi_poetry", application, ignore=sources)
        Path(folder).chmod(0o755)  # the container's user is another
        compiler = ["python3", "-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
        mount = f"--volume={folder}/compiled:/compiled"
        docker("run", "--rm", "--user", "0", mount, IMAGE, *compiler, "/compiled")
        tell(f"App Engine: {rounds} cold starts in a container of 256 MB and half a CPU")
        return _measured(rounds, Path(folder))


# Private


def _measured(rounds: int, folder: Path) -> list[Result]:
    name = f"{PROJECT}-{free_port()}"
    mounts = [
        f"--volume={folder}/source/kaira_fastapi_poetry:/workspace/kaira_fastapi_poetry:ro",
        f"--volume={folder}/compiled:/compiled:ro",
        f"--volume={ROOT}/appengine:/workspace/appengine:ro",
        f"--volume={ROOT}/bench:/workspace/bench:ro",
    ]
    command = ["python3", "-m", "bench.coldstart", "/workspace/appengine/site", str(rounds),
               entrypoint(ROOT / "app.yaml")]  # fmt: skip
    try:
        printed = docker("run", "--rm", "--name", name, *LIMITS, *DISK, *mounts, IMAGE, *command)
    finally:
        docker("rm", "-f", name)
    found: dict[str, list[float]] = json.loads(printed)
    return [Result(name, values) for name, values in found.items()]
