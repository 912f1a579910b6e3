"""Asking the certificate authority, by way of certbot, and reading what it says."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from settings import Settings

SECONDS = 300
WEBROOT = "/tls/challenges"
LOG = Path("/var/log/letsencrypt/letsencrypt.log")  # of the last run alone


@dataclass(frozen=True)
class Failure:
    """Why there is no new certificate. `names`: those that could not be validated."""

    reason: str
    detail: str
    help: str
    names: tuple[str, ...] = ()
    retry_at: float | None = None  # as the authority says


def request(settings: Settings, names: list[str], *, force: bool = False) -> Failure | None:
    """Have a certificate for `names` that is not due for renewal; None if that worked.

    certbot asks the authority only if there is none, if it has other names, or if it is due: as
    the authority's renewal information (ARI) says, else after two thirds of its life (half of a
    life of less than ten days).
    """
    command = [
        "certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email",
        "--server", settings.server, "--cert-name", settings.lineage,
        "--webroot", "--webroot-path", WEBROOT, "--key-type", "ecdsa",
        "--keep-until-expiring", "--renew-with-new-domains", "--max-log-backups", "0",
    ]  # fmt: skip
    command += (
        ["--email", settings.email] if settings.email else ["--register-unsafely-without-email"]
    )
    command += ["--required-profile", settings.profile] if settings.profile else []
    command += ["--force-renewal"] if force else []
    for name in names:
        command += ["--domain", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Failure("timeout", f"certbot did not end within {SECONDS} s", "it is tried again")
    if done.returncode == 0:
        return None
    log = LOG.read_text(errors="replace") if LOG.exists() else ""
    return read(f"{done.stdout}\n{done.stderr}", log, settings)


def read(said: str, log: str, settings: Settings) -> Failure:
    """What certbot's output says of the cause, and its log, which alone has the kind of it."""
    problems = re.findall(
        r"^\s*(?:Domain|Identifier):\s*(\S+)\s*\n\s*Type:\s*(\S+)\s*\n\s*Detail:\s*(.+)", said, re.M
    )
    if problems:
        problems.sort(key=lambda problem: problem[0] != settings.domain)  # that one matters most
        name, kind, detail = problems[0]
        names = tuple(each[0] for each in problems)
        return Failure(kind, f"{name}: {detail.strip()}", _help(kind, name), names)
    refused = re.findall(r"acme\.messages\.Error: urn:ietf:params:acme:error:(\w+) :: (.+)", log)
    if refused:
        kind, detail = refused[-1]
        detail = detail.rsplit(" :: ", 1)[-1]
        return Failure(kind, detail, _help(kind, settings.domain), (), _retry_at(detail))
    unreachable = re.search(
        r"(?i)HTTPSConnectionPool\(|Connection ?Error|timed out|requesting .* Error", said
    )
    if unreachable:
        detail = f"{settings.server} does not answer"
        return Failure("unreachable", detail, _help("unreachable", settings.domain))
    return Failure("unknown", _last(said), "see the detail")


# Private

_HELP_FOR = {
    "dns": "make an A record for {name} with this server's address",
    "connection": "open port 80 to the internet in the firewall, for {name}",
    "unauthorized": "point every A and AAAA record of {name} to this server",
    "caa": "let the CAA record of {name} name this authority",
    "rateLimited": "wait: it is tried again when the authority allows it",
    "unreachable": "let this server reach it, or see the authority's status page",
    "invalidProfile": "ACME_PROFILE: take one that the authority has",
    "rejectedIdentifier": "DOMAIN: the authority does not give certificates for this name",
    "invalidContact": "ACME_EMAIL: the authority does not accept this address",
}


def _help(kind: str, name: str) -> str:
    return _HELP_FOR.get(kind, "see the detail").format(name=name)


def _retry_at(said: str) -> float | None:
    """Let's Encrypt writes `retry after 2026-01-31 12:00:00 UTC` into its refusals."""
    found = re.search(r"retry after (\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)", said)
    if not found:
        return None
    return datetime.fromisoformat(found.group(1)).replace(tzinfo=UTC).timestamp()


def _last(said: str) -> str:
    """The last line that says something, without certbot's advice on where to ask."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Ask for help", "Saving debug log"))]
    return told[-1][:500] if told else "certbot said nothing"
