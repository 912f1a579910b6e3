"""A mail server that keeps what it is given, over TLS and with a password."""

from __future__ import annotations

import email
import email.policy
import ssl
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.edge.stack import free_port

NAME = "receiver"  # where it is, as Alertmanager sees it
USER, PASSWORD = "kaira@shop.example", "a secret, with 'quotes'"


class Mailbox:
    """Listens on a port of its own until closed. folder: for its certificate, `mail.pem`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.letters: list[EmailMessage] = []
        self.port = free_port()
        certificate, key = folder / "mail.pem", folder / "mail.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-noenc", "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
             "-keyout", key, "-out", certificate],
            capture_output=True, check=True,
        )  # fmt: skip
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        self._controller = Controller(
            self, hostname="0.0.0.0", port=self.port, tls_context=context, require_starttls=True,
            authenticator=_known, auth_required=True,
            auth_exclude_mechanism=["LOGIN"],  # its prompts are worded in many ways
        )  # fmt: skip
        self._controller.start()

    def close(self) -> None:
        """Listen no more."""
        self._controller.stop()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Called by aiosmtpd with each letter."""
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.append(cast("EmailMessage", letter))
        return "250 kept"


def _known(
    _server: Any, _session: Any, _envelope: Any, _way: str, data: LoginPassword
) -> AuthResult:
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right)
