"""A Docker Engine of its own, in a network of its own, to be stopped and started at will."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.edge.stack import run, wait_until


def program() -> Path | None:
    """The `dockerd` that runs on this machine, if we may see which it is."""
    for exe in Path("/proc").glob("[0-9]*/exe"):
        try:
            if exe.readlink().name == "dockerd":
                return exe.readlink()
        except OSError:
            pass
    return None


class Engine:
    """Nothing of it is shared with the machine's own engine but the kernel. Needs root."""

    def __init__(self, folder: Path, program: Path, **env: str) -> None:
        """`env`: added to the environment of its process."""
        self.address = f"unix://{folder}/docker.sock"
        self._program, self._folder, self._env = program, folder, env
        self._process: subprocess.Popen[bytes] | None = None
        self._network = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && exec sleep 3600"]
        )
        ours = Path("/proc/self/ns/net").readlink()
        wait_until(lambda: self._inside.readlink() != ours, "it has a network of its own", 10)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        beside = f"{self._program.parent}:{self._program.parents[1]}/bin:{os.environ['PATH']}"
        self._process = subprocess.Popen(
            [*self.enter, self._program, "--host", self.address, "--config-file", "/dev/null",
             *(f"--{name}={self._folder / name}" for name in ("data-root", "exec-root", "pidfile"))],
            env={**os.environ, "PATH": beside, **self._env},
            stderr=(self._folder / "log").open("ab"),
        )  # fmt: skip
        wait_until(self._answers, "the engine answers", 30)

    def stop(self) -> None:
        """As `systemctl stop docker` does it: its containers end with it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def remove(self) -> None:
        """Stop it for good. What it had in its folder is its maker's to remove."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self._network.kill()
        self._network.wait()

    def take(self, *images: str) -> None:
        """Give it images that the machine's own engine has."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as save:
            load = ["docker", "--host", self.address, "load", "--quiet"]
            subprocess.run(load, stdin=save.stdout, check=True, capture_output=True)

    def get(self, url: str) -> str:
        """The body of an answer, as somebody on that machine gets it; empty if there is none."""
        return run(*self.enter, "curl", "--silent", "--fail", "--max-time", "2", url, check=False)

    @property
    def enter(self) -> tuple[str, ...]:
        """What to put before a command that is to run in its network."""
        return "nsenter", f"--net={self._inside}"

    # Private

    @property
    def _inside(self) -> Path:
        return Path(f"/proc/{self._network.pid}/ns/net")

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, "see its log"
        asked = ["docker", "--host", self.address, "version"]
        return not subprocess.run(asked, capture_output=True, check=False).returncode
