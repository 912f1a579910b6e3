"""Does HTTPS work, as visitors see it? Only then are they sent there.

A name is reached at its own address on the port of HTTPS. What the edge then does for it is said
by empty files that are named after it: https/NAME redirects plain HTTP, hsts/day/NAME and
hsts/long/NAME make browsers come over TLS only, for a day and for two years. No file is ever
taken away again: browsers do not forget, and whoever was sent there comes back there.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl

import preflight
from log import line
from publish import TLS, Certificate
from settings import Settings
from state import State

SECONDS = 5
LONG_AFTER = 7 * 86400  # of proof without a gap


def prove(
    settings: Settings, certificate: Certificate, state: State, now: float, *, early: bool
) -> bool:
    """Look at every name of the certificate, and set the flags; whether all of them work.

    early: the edge may not have started yet, so nothing follows from a name that does not answer.
    """
    well = True
    for name in certificate.names:
        works, detail = _reach(name, settings.https_port, certificate)
        if works == "trusted":
            since = state.proven_since.setdefault(name, now)
            _flag("https", name)
            _flag("hsts/day", name)
            if now - since >= LONG_AFTER:
                _flag("hsts/long", name)
        elif early:
            well = False
        else:
            state.proven_since.pop(name, None)
            well &= _settle(name, works, detail, settings.https_port)
    return well


# Private


def _settle(name: str, works: str, detail: str, port: int) -> bool:
    """What to do about a name that does not work as it should; whether that is as good as it is."""
    cannot_tell = works == "closed" and preflight.look(name).verdict is None  # nor does port 80
    if (
        works == "untrusted" or cannot_tell
    ):  # a test authority, or we cannot see ourselves from here
        _flag("https", name)
        return True
    reason, help_ = {
        "closed": ("connection", f"open port {port}, TCP and UDP, in the firewall"),
        "other": ("certificate", f"let port {port} of {name} lead to this server"),
    }[works]
    line("error", "https does not work", name=name, reason=reason, detail=detail, help=help_)
    return False


def _reach(name: str, port: int, certificate: Certificate) -> tuple[str, str]:
    """`trusted`, `untrusted` (ours, of an authority that nobody knows), `closed` or `other`."""
    context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE"))
    try:
        connection = http.client.HTTPSConnection(name, port, timeout=SECONDS, context=context)
        try:
            connection.request("GET", "/health", headers={"User-Agent": "kaira"})
            connection.getresponse()
        finally:
            connection.close()
        return "trusted", ""
    except ssl.SSLCertVerificationError as error:
        ours = _peer(name, port) == certificate.der
        return ("untrusted" if ours else "other"), error.verify_message
    except (OSError, http.client.HTTPException) as error:
        return "closed", f"{name}:{port}: {error}"


def _peer(name: str, port: int) -> bytes | None:
    """The certificate that is shown there, whoever made it."""
    context = ssl._create_unverified_context()  # noqa: S323  # only to compare it with ours
    try:
        with (
            socket.create_connection((name, port), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            return secure.getpeercert(binary_form=True)
    except OSError:
        return None


def _flag(kind: str, name: str) -> None:
    file = TLS / kind / name
    if not file.exists():
        file.touch()
        line("info", "https proven", name=name, flag=kind)
