"""The production stack with a domain, beside a certificate authority and a DNS of its own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.edge.stack import ROOT, Stack, run, wait_until

DOMAIN = "shop.example"
WWW = f"www.{DOMAIN}"
IMAGE = os.environ.get("KAIRA_HTTPS_IMAGE", "kaira-server:test")


def build_image() -> str:
    """The image, built as an operator builds it, and as the tests of the edge do."""
    run("docker", "build", "-f", str(ROOT / "Dockerfile.prod"), "--build-arg", "RELEASE=test",
        "-t", IMAGE, str(ROOT))  # fmt: skip
    return IMAGE


class SecureStack(Stack):
    """A compose project with certbot and Pebble; everything is reached at its own address."""

    def __init__(self, name: str, *overrides: Path, **env: str) -> None:
        """`overrides`: further compose files."""
        # Docker gives none of these by itself; others on this machine may run these tests too.
        self.net = f"10.{200 + secrets.randbelow(50)}.{secrets.randbelow(256)}"
        self.address = f"{self.net}.10"
        self.trust = Path(tempfile.mkdtemp(prefix="kaira-https-"))
        own = {
            "DOMAIN": DOMAIN,
            "ACME_EMAIL": f"owner@{DOMAIN}",
            "ACME_SERVER": "https://pebble:14000/dir",
            "KAIRA_IMAGE": IMAGE,
            "NET": self.net,
            "TRUST": str(self.trust),
            "HTTPS_PORT": "443",
        }
        super().__init__(
            f"kaira-https-{name}", Path(__file__).with_name("compose.yml"), *overrides, **own | env
        )
        self.url = f"http://{self.address}"
        self.began = self.came = 0.0  # when it was started, when HTTPS was there

    def start(self, *services: str, **env: str) -> None:
        """Bring these services up; `env` from now on."""
        self.env |= env
        self.compose("up", "-d", *services)

    def start_authority(self, service: str = "pebble") -> None:
        """Start one and trust its roots; the first call starts the DNS too."""
        self.start("dns", service)
        address = run(
            "docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
            self.container(service),
        ).strip()  # fmt: skip
        server = self.execute(service, "cat", "/etc/pebble/ca.pem")
        context = ssl.create_default_context(cadata=server)
        context.check_hostname = False
        roots = ""

        def answers() -> bool:
            nonlocal roots
            try:
                roots = httpx.get(f"https://{address}:15000/roots/0", verify=context).text
            except httpx.TransportError:
                return False
            return True

        wait_until(answers, "the authority answers", 20)
        self.trust_also(server + roots)

    def trust_also(self, pem: str) -> None:
        """Let certbot, and the clients here, trust these roots as well."""
        with (self.trust / "ca.pem").open("a") as file:
            file.write(pem)

    def down(self) -> None:
        """Stop, and remove everything that it made."""
        self.compose("--profile", "more", "down", "-v", "--timeout", "1", check=False)

    # What the DNS says

    def dns(self, what: str, **told: Any) -> None:
        """Call the management API of `pebble-challtestsrv`."""
        httpx.post(f"http://{self.net}.3:8055/{what}", json=told).raise_for_status()

    # What a visitor sees

    def context(self) -> ssl.SSLContext:
        """Trusts the authorities of this stack, and nobody else."""
        return ssl.create_default_context(cafile=str(self.trust / "ca.pem"))

    def handshake(self, name: str = DOMAIN, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """A verified TLS connection to the edge."""
        plain = socket.create_connection((self.address, 443), timeout=5)
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise

    def certificate(self, name: str = DOMAIN) -> dict[str, Any]:
        """The certificate that a visitor is shown, verified."""
        with self.handshake(name) as connection:
            return dict(connection.getpeercert() or {})

    def names(self) -> list[str]:
        """The names in it."""
        return [value for _, value in self.certificate()["subjectAltName"]]

    def has_https(self, name: str = DOMAIN) -> bool:
        """Whether a visitor can come over TLS."""
        try:
            self.certificate(name)
        except OSError:
            return False
        return True

    def plain(self, path: str = "/", host: str = DOMAIN, method: str = "GET") -> httpx.Response:
        """Ask over plain HTTP, and do not follow."""
        return httpx.request(method, self.url + path, headers={"host": host}, timeout=10)

    def secure(self, path: str = "/", host: str = DOMAIN, method: str = "GET") -> httpx.Response:
        """Ask over TLS, and do not follow."""
        with httpx.Client(verify=self.context(), timeout=10) as client:
            url = f"https://{self.address}{path}"
            return client.request(
                method, url, headers={"host": host}, extensions={"sni_hostname": host}
            )

    def curl(self, *arguments: str, check: bool = True) -> str:
        """The lab's curl, which speaks HTTP/3, in the network."""
        command = ("curl", "--silent", "--max-time", "10", "--cacert", "/trust/ca.pem", *arguments)
        return self.execute("tools", *command, check=check)

    # What certbot does

    def said(self, event: str = "") -> list[dict[str, Any]]:
        """The lines of certbot's log, or those of one event."""
        lines = [json.loads(line) for line in self.logs("certbot")]
        return [line for line in lines if line["event"].startswith(event)]

    def stderr(self, service: str) -> list[str]:
        """The lines that a service has written to its standard error."""
        return run(
            "sh", "-c", f"docker logs {self.container(service)} 2>&1 >/dev/null"
        ).splitlines()

    def orders(self, service: str = "pebble") -> int:
        """How many certificates the authority has been asked for."""
        log = run("sh", "-c", f"docker logs {self.container(service)} 2>&1")
        return log.count("POST /order-plz")

    def signal(self, name: str) -> None:
        """HUP: check now; USR1: renew now."""
        run("docker", "kill", "--signal", name, self.container("certbot"))

    def renew(self) -> None:
        """Have the certificate renewed now, and wait until visitors see the new one."""
        before = self.certificate()["serialNumber"]
        self.signal("USR1")
        wait_until(lambda: self.certificate()["serialNumber"] != before, "it is renewed", 20)

    def complaint(self, reason: str, seconds: float = 45) -> dict[str, Any]:
        """The newest error, once it has this reason."""

        def complained() -> bool:
            errors = [line for line in self.said() if line["level"] == "error"]
            return bool(errors) and errors[-1]["reason"] == reason

        wait_until(complained, f"certbot says {reason}: {self.said()[-3:]}", seconds)
        return next(line for line in reversed(self.said()) if line["level"] == "error")
