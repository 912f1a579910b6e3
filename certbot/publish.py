"""Hands the certificate over: chain and key to the edge, names and end to the application.

/tls is the edge's, read-only: chains/17/fullchain.pem and keys/17.pem are written once and
never changed, and `live` is a link to chains/17 that is replaced by rename. The edge follows the
link once for each handshake, so it never sees a chain with another's key.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from log import iso
from state import FACTS, write

LINEAGES = Path("/etc/letsencrypt/live")
TLS = Path("/tls")
CHAINS = TLS / "chains"
KEYS = TLS / "keys"
LIVE = TLS / "live"
EDGE_GROUP = 101  # nginx, in the official image


@dataclass(frozen=True)
class Certificate:
    """A certificate's names and times; moments are seconds since the epoch."""

    names: tuple[str, ...]
    issued: float
    expires: float
    issuer: str
    der: bytes

    def part_left(self, now: float) -> float:
        """How much of its life is to come: 1 at first, below 0 when it has expired."""
        return (self.expires - now) / (self.expires - self.issued)


def prepare() -> None:
    """Make the folders; what each may be read by is decided here."""
    for folder, mode in ((TLS, 0o755), (CHAINS, 0o755), (KEYS, 0o750), (FACTS.parent, 0o755)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    os.chown(KEYS, 0, EDGE_GROUP)
    for name in ("challenges/.well-known/acme-challenge", "https", "hsts/day", "hsts/long"):
        (TLS / name).mkdir(parents=True, exist_ok=True)


def publish(lineage: str) -> Certificate | None:
    """Make the newest certificate of the lineage live, if it is not; None if there is none."""
    link = LINEAGES / lineage / "fullchain.pem"
    if not link.exists():
        return None
    # By number: certbot moves its links one after the other, fullchain last.
    chain = link.resolve()
    key = chain.with_name(chain.name.replace("fullchain", "privkey"))
    certificate = _read(chain, key)
    if not LIVE.exists() or (LIVE / "fullchain.pem").read_bytes() != chain.read_bytes():
        _make_live(chain, key)
    return certificate


def tell(certificate: Certificate, checked: float, error: dict[str, object] | None) -> None:
    """Write what the application may know."""
    facts = {
        "names": certificate.names,
        "expires": iso(certificate.expires),
        "issued": iso(certificate.issued),
        "issuer": certificate.issuer,
        "checked": iso(checked) if checked else None,
        "error": error,
    }
    write(FACTS, json.dumps(facts, indent=1) + "\n")
    FACTS.chmod(0o644)


# Private


def _read(chain: Path, key: Path) -> Certificate:
    """Read a certificate, and see that the key is its own.

    Raises ValueError if not.
    """
    leaf = x509.load_pem_x509_certificate(chain.read_bytes())
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if leaf.public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        raise ValueError(f"{key} is not the key of {chain}")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return Certificate(
        tuple(names.get_values_for_type(x509.DNSName)),
        leaf.not_valid_before_utc.timestamp(),
        leaf.not_valid_after_utc.timestamp(),
        leaf.issuer.rfc4514_string(),
        leaf.public_bytes(serialization.Encoding.DER),
    )


def _make_live(chain: Path, key: Path) -> None:
    numbers = [int(each.name) for each in CHAINS.iterdir() if each.name.isdigit()]
    number = max(numbers, default=0) + 1
    folder = CHAINS / str(number)
    _copy(key, KEYS / f"{number}.pem", 0o640, EDGE_GROUP)
    folder.mkdir(mode=0o755)
    _copy(chain, folder / "fullchain.pem", 0o644, 0)

    was = LIVE.resolve().name if LIVE.is_symlink() else ""
    new = TLS / ".live.new"
    new.unlink(missing_ok=True)
    new.symlink_to(folder)
    new.replace(LIVE)
    for old in CHAINS.iterdir():  # the one before stays for the handshakes of this moment
        if old.name not in (str(number), was):
            shutil.rmtree(old)
            (KEYS / f"{old.name}.pem").unlink(missing_ok=True)


def _copy(source: Path, to: Path, mode: int, group: int) -> None:
    """Copy, durable before anything points to it."""
    file = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, source.read_bytes())
        os.fchown(file, 0, group)
        os.fchmod(file, mode)
        os.fsync(file)
    finally:
        os.close(file)
