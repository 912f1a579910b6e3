"""The variables of this container, checked: a bad one ends the start with one line."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"

_NAME = re.compile(r"(?=.{1,249}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_PROFILE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True)
class Settings:
    """What the operator wants."""

    domain: str
    email: str
    server: str
    profile: str
    https_port: int

    @property
    def names(self) -> tuple[str, str]:
        """The domain, which must be in the certificate, and its www, which may be."""
        return self.domain, f"www.{self.domain}"

    @property
    def lineage(self) -> str:
        """What certbot calls the certificate. Another authority's, or one of another profile,
        is another: who returns to the former finds the former certificate again.
        """
        parts = (self.domain, urlsplit(self.server).netloc.replace(":", "-"), self.profile)
        return "--".join(part for part in parts if part)


def read() -> Settings:
    """The settings, from the environment."""
    domain = _take("DOMAIN", "", _NAME, "one host name, shop.example.com say").lower()
    server = os.environ.get("ACME_SERVER") or LETS_ENCRYPT
    if urlsplit(server).scheme != "https" or not urlsplit(server).netloc:
        _refuse("ACME_SERVER", server, "the https address of an ACME directory")
    return Settings(
        domain,
        _take("ACME_EMAIL", None, _EMAIL, "one e-mail address"),
        server,
        _take("ACME_PROFILE", None, _PROFILE, "a profile of the authority, shortlived say"),
        int(_take("HTTPS_PORT", "443", re.compile("[1-9][0-9]{0,4}"), "a port, 443 say")),
    )


# Private


def _take(name: str, default: str | None, form: re.Pattern[str], takes: str) -> str:
    value = os.environ.get(name) or default
    if value is None:
        return ""
    if not form.fullmatch(value.lower()):
        _refuse(name, value, takes)
    return value


def _refuse(name: str, got: str, takes: str) -> None:
    sys.exit(f"kaira: {name}: got {got!r}, takes {takes}")
