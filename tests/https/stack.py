"""The production stack with a domain, beside a certificate authority and a DNS of its own."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import ssl
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests.edge.stack import ROOT, Stack, run, wait_until

DOMAIN = "shop.example"
WWW = f"www.{DOMAIN}"
IMAGE = os.environ.get("KAIRA_HTTPS_IMAGE", "kaira-server:test")


def let_look() -> None:
    """Wait until each process of nginx has looked at its flags (nginx/site/all.conf)."""
    time.sleep(1)


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

        wait_until(answers, "the authority answers")
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

    def plain(
        self, path: str = "/", host: str = DOMAIN, method: str = "GET", at: str = ""
    ) -> httpx.Response:
        """Ask over plain HTTP, and do not follow; `at` another address than the edge's."""
        url = f"http://{at or self.address}{path}"
        return httpx.request(method, url, headers={"host": host}, timeout=10)

    def secure(
        self, path: str = "/", host: str = DOMAIN, method: str = "GET", at: str = ""
    ) -> httpx.Response:
        """Ask over TLS, and do not follow; `at` another address than the edge's."""
        with httpx.Client(verify=self.context(), timeout=10) as client:
            url = f"https://{at or self.address}{path}"
            return client.request(
                method, url, headers={"host": host}, extensions={"sni_hostname": host}
            )

    def curl(self, *arguments: str, check: bool = True) -> str:
        """The lab's curl, which speaks HTTP/3, in the network."""
        command = ("curl", "--silent", "--max-time", "10", "--cacert", "/trust/ca.pem", *arguments)
        return self.execute("tools", *command, check=check)

    def troubles(self) -> list[str]:
        """What the edge has said that is critical, or of a key that is not the certificate's: as it
        starts on standard error, from then on as JSON on standard output.
        """
        grave = r'\[(crit|alert|emerg)\]|"level":"critical"|mismatch'
        command = f"docker logs {self.container('nginx')} 2>&1 | grep -E '{grave}' || true"
        return run("sh", "-c", command).splitlines()

    # What certbot does

    def said(self, event: str = "") -> list[dict[str, Any]]:
        """The lines of certbot's log, or those of one event."""
        lines = [json.loads(line) for line in self.logs("certbot")]
        return [line for line in lines if line["event"].startswith(event)]

    def orders(self, service: str = "pebble") -> int:
        """How many certificates the authority has been asked for."""
        return self.asked(service, "POST /order-plz")

    def asked(self, service: str = "pebble", what: str = " /") -> int:
        """How often the authority has been asked for something, or anything."""
        log = run("sh", "-c", f"docker logs {self.container(service)} 2>&1")
        return len(re.findall(rf"{what}.* -> calling handler", log))

    def signal(self, name: str) -> None:
        """HUP: check now; USR1: renew now."""
        run("docker", "kill", "--signal", name, self.container("certbot"))

    def state(self) -> dict[str, Any]:
        """What certbot has written down for after a restart."""
        found: dict[str, Any] = json.loads(
            self.execute("certbot", "cat", "/etc/letsencrypt/kaira.json")
        )
        return found

    def wait_until_looked(self) -> None:
        """Until certbot, just started, has done what was to be done, the authority asked included."""

        def looked() -> bool:
            return "alive" in self.execute("certbot", "ls", "/tmp", check=False)

        wait_until(looked, "certbot has looked")

    def check(self) -> None:
        """Have certbot look now, as it does twice a day, and wait until all is found well."""
        before = self.state()["checked"]
        self.signal("HUP")
        wait_until(lambda: self.state()["checked"] != before, "it has been checked")

    def renew(self) -> None:
        """Have the certificate renewed now, and wait until visitors see the new one."""
        before = self.certificate()["serialNumber"]
        self.signal("USR1")
        wait_until(lambda: self.certificate()["serialNumber"] != before, "it is renewed")

    def complaint(self, reason: str, seconds: float = 90) -> dict[str, Any]:
        """The newest error, once it has this reason."""

        def complained() -> bool:
            errors = [line for line in self.said() if line["level"] == "error"]
            return bool(errors) and errors[-1]["reason"] == reason

        wait_until(complained, f"certbot says {reason}: {self.said()[-3:]}", seconds)
        return next(line for line in reversed(self.said()) if line["level"] == "error")
