"""A team with a fork, its settings at GitHub, and the runner that GitHub lends it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.edge.stack import run
from tests.https.stack import DOMAIN
from tests.rehearsal.cloud import USER, Cloud
from tests.rehearsal.workflow import Done, Workflow


class Team:
    """`checkout`: its clone; `home`: the runner's; `key`: the private key that may deploy."""

    def __init__(self, cloud: Cloud, checkout: Path, home: Path, key: Path) -> None:
        self._cloud, self.checkout, self._home = cloud, checkout, home
        home.mkdir()
        self.point_to(cloud.address)
        self.secrets = {
            "DEPLOY_KEY": key.read_text(),
            "DEPLOY_KNOWN_HOSTS": cloud.known_hosts(),
            "REGISTRY_TOKEN": cloud.token,
        }
        self.variables = {
            "DEPLOY_HOST": cloud.address,
            "SITE_URL": f"https://{DOMAIN}",
            "REGISTRY": cloud.registry,
            "IMAGE_NAME": cloud.repository.partition("/")[2],
            "REGISTRY_USER": USER,
            # What makes one comes from Docker Hub, which is not there.
            "SBOM": "false",
        }

    def point_to(self, address: str) -> None:
        """What the runner finds under the site's name."""
        ca = self._cloud.trust / "ca.pem"
        lines = (f"resolve = {DOMAIN}:443:{address}", f"cacert = {ca}")
        (self._home / ".curlrc").write_text("\n".join(lines) + "\n")

    def commit(self, message: str, **files: tuple[str, str]) -> str:
        """A change, and changes of files by name: what to replace with what; its hash."""
        (self.checkout / "CHANGES").write_text(message)
        for name, (old, new) in files.items():
            path = self.checkout / name
            text = path.read_text()
            assert old in text, f"{name} has no {old!r}"
            path.write_text(text.replace(old, new))
        git = (
            "git",
            "-C",
            str(self.checkout),
            "-c",
            "user.name=Octocat",
            "-c",
            "user.email=o@example.com",
        )
        run(*git, "add", "-A")
        run(*git, "commit", "-q", "-m", message)
        return run(*git, "rev-parse", "HEAD").strip()

    def check(self) -> Done:
        """The job `settings`, for production."""
        return self._workflow().run("settings", matrix={"environment": "production"})

    def build(self) -> Done:
        """The job `image`, on what is committed."""
        return self._workflow().run("image")

    def deploy(self, image: Done | None = None, **inputs: str) -> Done:
        """The job `deploy`, for production; `inputs`: what was typed in, if by hand."""
        workflow = self._workflow(**inputs)
        needs = {"image": image} if image else {}
        return workflow.run("deploy", needs, matrix={"environment": "production"})

    def ssh(self, *command: str, key: Path | None = None) -> subprocess.CompletedProcess[str]:
        """What somebody who got hold of the key can try."""
        known = self._home / "known_hosts"
        known.write_text(self.secrets["DEPLOY_KNOWN_HOSTS"] + "\n")
        options = ("-F", "/dev/null", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={known}")
        to = f"deploy@{self._cloud.address}"
        return subprocess.run(
            ["ssh", *options, "-i", str(key or self._key()), *command[:-1], to, command[-1]],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    # Private

    def _key(self) -> Path:
        path = self._home / "key"
        path.touch(mode=0o600)
        path.write_text(self.secrets["DEPLOY_KEY"])
        return path

    def _workflow(self, **inputs: str) -> Workflow:
        commit = run("git", "-C", str(self.checkout), "rev-parse", "HEAD").strip()
        github = {
            "actor": USER, "event_name": "workflow_dispatch" if inputs else "push", "ref": "refs/heads/main",
            "ref_name": "main", "repository": "octocat/kaira", "repository_owner": USER,
            "sha": commit, "token": self._cloud.token, "run_id": "1", "server_url": "https://github.com",
        }  # fmt: skip
        machine = {"HOME": str(self._home)}
        return Workflow(
            self.checkout / ".github/workflows/deploy.yml", machine,
            github=github, secrets={**self.secrets, "GITHUB_TOKEN": self._cloud.token},
            vars=self.variables, inputs=inputs,
        )  # fmt: skip


def steps(done: Done) -> list[tuple[float, str]]:
    """What deploy-blue-green.sh said it does, and when, in seconds since the job began."""
    found = ((at, re.match(r"==> +[\d.]+ s +(.*)", line)) for at, line in done.lines)
    return [(at, match[1]) for at, match in found if match]
