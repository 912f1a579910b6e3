"""Would the certificate authority find us? Asked before it is, as it counts what fails.

A token is laid where the edge serves challenges, and fetched as the authority would fetch it:
over plain HTTP, port 80, from every address that the name has.
"""

from __future__ import annotations

import http.client
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CHALLENGES = Path("/tls/challenges/.well-known/acme-challenge")
SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """verdict: True if the name leads here, False if not, None if it cannot be told from here
    (some routers do not let a machine reach its own public address).
    """

    verdict: bool | None
    addresses: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""
    help: str = ""


def look(name: str) -> Finding:
    """Whether `name` leads to this edge."""
    try:
        found = socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        help_ = f"make an A record for {name} with this server's address"
        return Finding(False, (), "dns", f"{name} does not resolve: {error.strerror}", help_)
    addresses = tuple(sorted({str(each[4][0]) for each in found}))

    token = secrets.token_hex(16)
    file = CHALLENGES / f"kaira-{token}"
    file.write_text(token)
    try:
        answers = {address: _fetch(address, name, file.name) for address in addresses}
    finally:
        file.unlink()

    elsewhere = [address for address, answer in answers.items() if answer not in (token, None)]
    if elsewhere:
        return Finding(
            False, addresses, "dns",
            f"{name} leads to {', '.join(elsewhere)}, where another server answers",
            f"point every A and AAAA record of {name} to this server",
        )  # fmt: skip
    if token in answers.values():
        return Finding(True, addresses)
    return Finding(
        None, addresses, "connection",
        f"{', '.join(addresses)} does not answer for {name} on port 80",
        "open port 80 in the firewall, and check that the address is this server's",
    )  # fmt: skip


# Private


def _fetch(address: str, name: str, file: str) -> str | None:
    """What is served there; None if nobody answers."""
    connection = http.client.HTTPConnection(address, 80, timeout=SECONDS)
    with suppress(OSError, http.client.HTTPException):
        try:
            path = f"/.well-known/acme-challenge/{file}"
            connection.request("GET", path, headers={"Host": name, "User-Agent": "kaira"})
            answer = connection.getresponse()
            if 300 <= answer.status < 400:  # the authority follows that, and we do not
                return None
            return answer.read(1024).decode(errors="replace")
        finally:
            connection.close()
    return None
