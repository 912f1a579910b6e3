"""A bare server, a registry and a certificate authority, as a team rents and finds them."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.edge.stack import ROOT, free_port, run, wait_until
from tests.https.stack import DOMAIN, SecureStack

HERE = Path(__file__).parent
CLONE = "/srv/kaira"
CERTBOT, NGINX = "certbot/certbot:v5.5.0", "nginx:1.30"
USER = "octocat"
# What h2load says of its requests.
ANSWERED = re.compile(
    r"(\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored, (\d+) timeout\n"
    r"status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx"
)


class Cloud(SecureStack):
    """Built up by `rent`, removed by `down`. The server is at `address`."""

    def __init__(self) -> None:
        self.registry = f"127.0.0.1:{free_port()}"
        self.token = secrets.token_urlsafe(24)
        super().__init__("rehearsal", REGISTRY_PORT=self.registry.rpartition(":")[2])
        self.project = "kaira-rehearsal"
        self.files = ["-f", str(HERE / "compose.yml")]
        self.repository = f"{self.registry}/octocat/kaira"
        (self.trust / "htpasswd").write_text(f"{USER}:{_bcrypt(self.token)}\n")
        self.trust.chmod(0o755)  # the registry's user is another one

    def rent(self, checkout: Path, public_key: str) -> str:
        """Start all, and make the server ready as cloud-init does: clone, prepare.

        Returns what prepare.sh said.
        """
        self.start_authority()
        # With a dot in it: Docker asks no DNS of its host for a name without.
        self.dns("add-a", host="pebble.example.", addresses=[f"{self.net}.4"])
        self.start("registry", "tools", "server")
        wait_until(lambda: bool(self.on_server("docker", "version", check=False)), "it has booted")
        self._give_images()
        self.clone(checkout)
        self.on_server("sh", "-c", f"echo RATE_LIMIT=100000 >{CLONE}/.env")  # one address visits
        settings = {
            "DEPLOY_KEY": public_key,
            "IMAGE_REPOSITORY": self.repository,
            "DOMAIN": DOMAIN,
            "ACME_EMAIL": f"owner@{DOMAIN}",
            "ACME_SERVER": "https://pebble.example:14000/dir",
        }
        stated = (part for pair in settings.items() for part in ("-e", "=".join(pair)))
        script = f"{CLONE}/infra/host/prepare.sh"
        return run("docker", "exec", *stated, self.container("server"), script)

    def clone(self, checkout: Path) -> None:
        """Bring a checkout to the server, or to the state of this one: root's, as after a clone."""
        self.on_server("mkdir", "-p", CLONE)
        unpack = ["docker", "exec", "-i", self.container("server"), "tar", "--no-same-owner",
                  "-C", CLONE, "-xf", "-"]  # fmt: skip
        with subprocess.Popen(
            ["tar", "-C", checkout, "-cf", "-", "."], stdout=subprocess.PIPE
        ) as tar:
            subprocess.run(unpack, stdin=tar.stdout, check=True)

    def on_server(self, *command: str, check: bool = True) -> str:
        """Run a command there, as root on its console."""
        return self.execute("server", *command, check=check)

    def known_hosts(self) -> str:
        """The line that pins the server, read on its console."""
        key = self.on_server("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
        return f"{self.address} {key[0]} {key[1]}"

    def release(self) -> str:
        """The release that visitors are served."""
        return str(self.secure("/health").json()["release"])

    def live(self) -> str:
        """The colour that visitors are sent to; empty if there is no edge."""
        look = "docker exec kaira-nginx sh -c 'if [ -f /live/green ]; then echo green; else echo blue; fi'"
        return self.on_server("sh", "-c", look, check=False).strip()

    def journal(self) -> list[str]:
        """The outcomes of all deployments, the oldest first."""
        text = self.on_server("docker", "exec", "kaira-nginx", "cat", "/live/deployments.jsonl")
        return [json.loads(line)["outcome"] for line in text.splitlines()]

    @contextmanager
    def visitors(self) -> Iterator[dict[str, int]]:
        """HTTP/1.1 and HTTP/2 over TLS while the block runs; none of them asks again.

        Afterwards the dictionary has `requests`, and `failed`, 0 if all of them were answered 2xx.
        """
        found = {"requests": 0, "failed": 0}
        stop = threading.Event()
        urls = [f"https://{DOMAIN}{path}" for path in ("/", "/about/", "/api/info")]

        def visit(*options: str) -> None:
            while not stop.is_set():
                said = self.execute("tools", "h2load", "-t1", "-c8", "-D10", *options, *urls)
                done, wrong = answered(said)
                found["requests"] += done
                found["failed"] += wrong

        with ThreadPoolExecutor(2) as pool:
            visits = [pool.submit(visit, "--rps=20", *more) for more in (("--h1",), ("-m4",))]
            try:
                yield found
            finally:
                stop.set()
        for each in visits:
            each.result()

    # Private

    def _give_images(self) -> None:
        """What Docker Hub has. certbot's trusts the authority of the rehearsal."""
        trusting = "kaira-rehearsal/certbot"
        recipe = f"FROM {CERTBOT}\nCOPY ca.pem /ca.pem\nENV REQUESTS_CA_BUNDLE=/ca.pem\n"
        build = ["docker", "build", "-q", "-t", trusting, "-f", "-", str(self.trust)]
        subprocess.run(build, input=recipe, text=True, check=True, capture_output=True)
        load = ["docker", "exec", "-i", self.container("server"), "docker", "load", "-q"]
        with subprocess.Popen(["docker", "save", trusting, NGINX], stdout=subprocess.PIPE) as save:
            subprocess.run(load, stdin=save.stdout, check=True, capture_output=True)
        self.on_server("docker", "tag", trusting, CERTBOT)


def answered(said: str) -> tuple[int, int]:
    """How many requests h2load ended, and how many faults it tells of, 0 if none went wrong.

    Its 2xx may be more than it ended: it counts a status as it comes, an answer at its last byte.
    Of connections that are refused it tells nothing but that no request ended.
    """
    match = ANSWERED.search(said)
    assert match, said
    done, *wrong = map(int, match.groups())
    return done, sum(wrong) if done else 1


def checkout(folder: Path) -> Path:
    """A clone of this repository as it lies here, with what is not committed yet."""
    run("git", "clone", "-q", str(ROOT), str(folder))
    here = ("git", "-C", str(ROOT), "ls-files", "-z")
    for name in run(*here, "--cached", "--others", "--exclude-standard").split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    for name in filter(None, run(*here, "--deleted").split("\0")):
        (folder / name).unlink()
    git = ("git", "-C", str(folder), "-c", "user.name=Octocat", "-c", "user.email=o@example.com")
    run(*git, "add", "-A")
    run(*git, "commit", "-q", "--allow-empty", "-m", "as it lies here")
    return folder


def reboot(cloud: Cloud, *, power_cut: bool = False) -> float:
    """Stop the server, or pull its plug, and start it; seconds from its start until it serves."""
    name = cloud.container("server")
    run("docker", "kill" if power_cut else "stop", name)
    run("docker", "start", name)
    began = time.monotonic()
    wait_until(cloud.has_https, "the site is back", 90)
    wait_until(lambda: cloud.secure("/api/info").status_code == 200, "and well", 60)
    return time.monotonic() - began


# Private


def _bcrypt(password: str) -> str:
    """As a registry wants it, by the crypt(3) of the lab's Debian."""
    salt = "$2b$05$" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(22))
    program = "print crypt($ENV{PASSWORD}, $ENV{SALT})"
    given = ("-e", "PASSWORD", "-e", "SALT", "--entrypoint", "perl")
    return run("docker", "run", "--rm", *given, "kaira-lab/base:forky", "-e", program,
               env={**os.environ, "PASSWORD": password, "SALT": salt})  # fmt: skip
