"""The production stack with a domain, beside a certificate authority of its own."""

from __future__ import annotations

import itertools
import ssl
import tempfile
from pathlib import Path

import httpx

from tests.edge.stack import Stack, wait_until

HERE = Path(__file__).parent
DOMAIN = "shop.example"
_numbers = itertools.count(1)


class SecureStack(Stack):
    """A compose project with certbot and Pebble; everything is reached at its own address."""

    def __init__(self, name: str, **env: str) -> None:
        self.net = f"10.213.{100 + next(_numbers)}"
        self.trust = Path(tempfile.mkdtemp(prefix="kaira-https-"))
        super().__init__(
            f"kaira-https-{name}", HERE / "compose.yml",
            **{"DOMAIN": DOMAIN, "ACME_EMAIL": "owner@shop.example", "KAIRA_IMAGE": "kaira-server:https",
               "ACME_SERVER": "https://pebble:14000/dir", "NET": self.net, "TRUST": str(self.trust), **env},
        )  # fmt: skip
        self.address = f"{self.net}.10"
        self.url = f"http://{self.address}"

    def up_authority(self) -> None:
        """Start DNS and authority, and trust its roots."""
        self.compose("up", "-d", "dns", "pebble")
        server = self.execute("pebble", "cat", "/etc/pebble/ca.pem")
        (self.trust / "ca.pem").write_text(server)
        context = ssl.create_default_context(cadata=server)
        context.check_hostname = False

        def root() -> str:
            with httpx.Client(verify=context, timeout=5) as client:
                return client.get(f"https://{self.net}.4:15000/roots/0").text

        def answers() -> bool:
            try:
                return bool(root())
            except httpx.TransportError:
                return False

        wait_until(answers, "the authority answers", 20)
        self.root = root()
        (self.trust / "ca.pem").write_text(server + self.root)
