"""A site on which everything has happened, with HTTPS, two colours, visitors and monitoring."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from tests.deploy.site import faulty
from tests.edge.stack import ROOT, run, wait_until
from tests.https.stack import DOMAIN, IMAGE, SecureStack, build_image
from tests.monitoring.stack import Monitoring, Receiver
from tests.monitoring.visitors import Visitors

FAULTS = ROOT / "tests/deploy/broken"
HERE = Path(__file__).parent
# As deploy-blue-green.sh and docker compose find them.
FILES = [
    ROOT / "docker-compose.blue-green.yml", ROOT / "tests/https/compose.yml", HERE / "named.yml",
]  # fmt: skip

DEPLOYED, FAILED, ROLLED_BACK = 0, 1, 3


def release(name: str, *lines: str) -> str:
    """Build the image of a release of this very site; `lines` of its Dockerfile break it."""
    tag = f"kaira-scene:{name}"
    stated = [f"FROM {IMAGE}", "COPY faulty.py /srv/faulty.py", f"ENV RELEASE={name}"]
    label = f"LABEL org.opencontainers.image.version={name}"
    text = "\n".join([*stated, label, *lines, ""])
    command = ["docker", "build", "--quiet", "--tag", tag, "--file", "-", str(FAULTS)]
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)
    return tag


class Scene:
    """Built up when entered, and removed when left.

    rate: requests a second, about; project: another name of the compose project.
    """

    def __init__(self, name: str, rate: float = 30, project: str = "") -> None:
        self._rate = rate
        self._left = ExitStack()
        self.site = SecureStack(name, HERE / "named.yml", ACME_PROFILE="default")
        self.site.project = project or self.site.project
        self.site.trust.chmod(0o755)  # the prober is another user
        self.receiver = Receiver()
        self.monitoring = Monitoring(
            self.site, self.receiver, HERE / "secure.yml",
            TRUST=str(self.site.trust), DOMAIN=DOMAIN, HTTPS_PORT="443",
        )  # fmt: skip

    def __enter__(self) -> Scene:
        build_image()
        self.site.env["KAIRA_IMAGE"] = release("1.3.0")
        self._left.callback(self.receiver.close)
        self._left.callback(self._remove)
        self._remove()
        self.site.start_authority()
        self.site.start()
        wait_until(self.site.has_https, "HTTPS has come", 90)
        self.monitoring.up()
        self.site.wait_until_warm()
        self.visitors = Visitors(
            self.site.address, DOMAIN, self.site.context(), self.site.paths(), self._rate
        )
        self._left.callback(self.visitors.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def happen(self, pause: float) -> None:
        """Whatever can happen, with so many seconds between one and the next."""
        time.sleep(pause)
        self.deploy(release("1.4.0"))
        time.sleep(pause)
        self.outage(12)
        time.sleep(pause)
        self.deploy(release("1.5.0-broken", 'CMD ["false"]'), code=FAILED)
        time.sleep(pause)
        # Its fault shows when it is live, also where all is slow.
        bad = release("1.5.0", *faulty("route"), "ENV LATER=12")
        self.deploy(bad, code=ROLLED_BACK, watch=30)
        time.sleep(pause)
        self.kill_a_worker()
        time.sleep(pause)
        self.deploy(release("1.5.1"))
        time.sleep(pause)

    def deploy(self, image: str, code: int = DEPLOYED, watch: int = 5) -> None:
        """Run the script; it must end with `code`. watch: seconds that it looks at what is live."""
        own = {
            "COMPOSE_PROJECT_NAME": self.site.project,
            "COMPOSE_FILE": ":".join(map(str, FILES)),
            "WATCH_SECONDS": str(watch),
            "DRAIN_SECONDS": "20",
        }
        done = subprocess.run(
            [ROOT / "deploy-blue-green.sh", image],
            env={**os.environ, **self.site.env, **own},
            capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr

    def outage(self, seconds: float) -> None:
        """The application is dead for so long."""
        name = self._live()
        run("docker", "kill", name)
        time.sleep(seconds)
        run("docker", "start", name)
        wait_until(lambda: self.site.secure("/api/info").status_code == 200, "it answers again", 30)

    def kill_a_worker(self) -> None:
        """One of the live colour's; another takes its place."""
        kill = "import psutil; psutil.Process(1).children()[0].kill()"
        run("docker", "exec", self._live(), "python", "-c", kill)

    # Private

    def _live(self) -> str:
        """The container that visitors are sent to."""
        nginx = self.site.container("nginx")
        there = ["docker", "exec", nginx, "test", "-f", "/live/green"]
        blue = subprocess.run(there, check=False).returncode
        return f"{self.site.project}-{'blue' if blue else 'green'}"

    def _remove(self) -> None:
        self.monitoring.down()
        project = ("-p", self.site.project, "--profile", "green", "--profile", "more")
        files = [part for file in FILES for part in ("-f", str(file))]
        down = ("down", "-v", "--timeout", "1", "--remove-orphans")
        env = {**self.site.env, "COMPOSE_PROJECT_NAME": self.site.project}
        run("docker", "compose", *files, *project, *down, check=False, env=env)
