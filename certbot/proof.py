"""Does HTTPS work, as visitors see it, and is it ours? Only then are they sent there.

A name is reached at its own address on the port of HTTPS. What the edge then does for it is said
by empty files that are named after it: https/NAME redirects plain HTTP, hsts/day/NAME and
hsts/long/NAME make browsers come over TLS only, for a day and for two years.

What fails takes no file away: whoever was sent there comes back there. With one exception. Where a
certificate that browsers trust answers and is not ours, somebody else ends TLS before us, a CDN
say, and may ask us in plain HTTP: redirected, its visitors would go in circles for ever. So
https/NAME goes, and returns when our own certificate does. HSTS stays, as browsers do not forget:
it is only ever sent over TLS, and TLS works for them, whoever ends it.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from typing import Any

import preflight
from log import line
from publish import TLS, Certificate
from settings import Settings
from state import State

SECONDS = 5
LONG_AFTER = 7 * 86400  # of proof without a gap

# What is said of what answers (see _reach): level, event, reason, help.
_COMPLAINTS = {
    "closed": (
        "error", "https does not work", "connection",
        "open port {port}, TCP and UDP, in the firewall",
    ),
    "other": (
        "error", "https does not work", "certificate",
        "let port {port} of {name} lead to this server",
    ),
    "foreign": (
        "warning", "https ends elsewhere", "certificate",
        "let whoever ends TLS there redirect to HTTPS, or point {name} straight to this server",
    ),
}  # fmt: skip


class Prover:
    """Looks at the names, and says what is wrong with each."""

    def __init__(self, settings: Settings) -> None:
        self._port = settings.https_port
        self._foreign: set[str] = set()  # of these it has been said: that is no fault, and may last

    def prove(
        self, certificate: Certificate, state: State, now: float, *, lenient: bool = False
    ) -> bool:
        """Look at every name of the certificate, and set the flags; whether all of them work.

        lenient: nothing follows from a name that does not answer. The edge may not have started.
        """
        well = True
        for name in certificate.names:
            seen, detail = _reach(name, self._port, certificate)
            if seen == "ours":
                self._foreign.discard(name)
                since = state.proven_since.setdefault(name, now)
                _flag("https", name)
                _flag("hsts/day", name)
                if now - since >= LONG_AFTER:
                    _flag("hsts/long", name)
            elif seen == "foreign":
                state.proven_since.pop(name, None)
                (TLS / "https" / name).unlink(missing_ok=True)
                if name not in self._foreign:
                    self._foreign.add(name)
                    self._say(name, seen, detail)
                well = False
            elif lenient:
                well = False
            else:
                state.proven_since.pop(name, None)
                well &= self._settle(name, seen, detail)
        return well

    # Private

    def _settle(self, name: str, seen: str, detail: str) -> bool:
        """What to do about a name that does not work as it should; whether that is as good as it
        is: a test authority's certificate, or we cannot see ourselves from here, nor port 80.
        """
        hidden = seen == "closed" and name not in self._foreign
        if seen == "untrusted" or (hidden and preflight.look(name).verdict is None):
            _flag("https", name)
            return True
        self._say(name, seen, detail)
        return False

    def _say(self, name: str, seen: str, detail: str) -> None:
        level, event, reason, help_ = _COMPLAINTS[seen]
        help_ = help_.format(name=name, port=self._port)
        line(level, event, name=name, reason=reason, detail=detail, help=help_)


# Private


def _reach(name: str, port: int, certificate: Certificate) -> tuple[str, str]:
    """What answers there, and more of it: `ours`; `untrusted`, ours of an authority that nobody
    knows; `foreign`, another's that is trusted; `other`, one that is not; `closed`.
    """
    context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE"))
    try:
        connection = http.client.HTTPSConnection(name, port, timeout=SECONDS, context=context)
        try:
            connection.connect()
            shown = connection.sock.getpeercert(binary_form=True)
            if shown != certificate.der:
                by = _issuer(connection.sock.getpeercert() or {})
                return "foreign", (
                    f"the certificate at {name}:{port} is not this server's, but one of {by}; "
                    "plain HTTP is not redirected"
                )
            connection.request("GET", "/health", headers={"User-Agent": "kaira"})
            connection.getresponse()
        finally:
            connection.close()
        return "ours", ""
    except ssl.SSLCertVerificationError as error:
        ours = _peer(name, port) == certificate.der
        return ("untrusted" if ours else "other"), error.verify_message
    except (OSError, http.client.HTTPException) as error:
        return "closed", f"{name}:{port}: {error}"


def _issuer(shown: dict[str, Any]) -> str:
    """Who made a certificate, by its organization if that is told."""
    told = dict(part for parts in shown["issuer"] for part in parts)
    return str(told.get("organizationName") or told.get("commonName"))


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
