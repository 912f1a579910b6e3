"""Somebody else ends TLS before us, and asks us in plain HTTP: nobody may be sent in circles."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.edge.stack import run, wait_until
from tests.https.stack import DOMAIN, WWW, SecureStack, let_look

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def behind(https_image: str) -> Iterator[SecureStack]:
    """A site whose names lead to a CDN from the beginning; one stack, from test to test."""
    stack = SecureStack("cdn")
    stack.down()
    try:
        certificate, key = stack.trust / "cdn.pem", stack.trust / "cdn.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-noenc", "-days", "2", "-subj", "/O=Some CDN/CN=cdn",
            "-addext", f"subjectAltName=DNS:{DOMAIN},DNS:{WWW}",
            "-keyout", str(key), "-out", str(certificate))  # fmt: skip
        stack.trust_also(certificate.read_text())
        stack.start_authority()
        stack.dns("set-default-ipv4", ip=cdn(stack))
        stack.start("nginx", "app", "cdn")
        stack.start()
        yield stack
    finally:
        stack.down()


def test_behind_a_cdn_nobody_is_redirected_and_it_is_said_once(behind: SecureStack) -> None:
    wait_until(behind.has_https, "there is a certificate, by way of the CDN", 90)
    wait_until(lambda: len(behind.said("https ends elsewhere")) == 2, "it is said", 90)
    behind.check()  # it looks again
    behind.check()
    said = behind.said("https ends elsewhere")
    assert [line["name"] for line in said] == [DOMAIN, WWW]
    for line in said:
        assert line["level"] == "warning" and line["reason"] == "certificate"
        assert "Some CDN" in line["detail"] and "redirect" in line["help"]
    assert flags(behind) == []
    assert visit(behind).status_code == behind.plain(at=cdn(behind)).status_code == 200


def test_when_the_cdn_goes_visitors_are_sent_to_https(behind: SecureStack) -> None:
    behind.dns("set-default-ipv4", ip=behind.address)
    behind.check()
    wait_until(lambda: len(flags(behind)) == 4, "HTTPS is proven", 90)
    let_look()
    assert behind.plain().status_code == 308


def test_a_cdn_that_comes_later_sends_nobody_in_circles_for_long(behind: SecureStack) -> None:
    circle = visit(behind)
    assert (circle.status_code, circle.headers["location"]) == (308, f"https://{DOMAIN}/")
    behind.dns("set-default-ipv4", ip=cdn(behind))  # and nobody tells certbot

    def all_there() -> bool:
        return all(visit(behind, name).status_code == 200 for name in (DOMAIN, WWW))

    wait_until(all_there, "visitors are not sent in circles any more", 150)
    let_look()
    assert behind.plain(at=cdn(behind)).status_code == 200
    # What browsers were told is not taken back, and is still true over our own TLS.
    assert flags(behind) == [f"/tls/hsts/day/{DOMAIN}", f"/tls/hsts/day/{WWW}"]
    assert "strict-transport-security" in behind.secure().headers
    assert [line["name"] for line in behind.said("https ends elsewhere")[2:]] == [DOMAIN, WWW]


def cdn(stack: SecureStack) -> str:
    """The CDN's address."""
    return f"{stack.net}.30"


def visit(stack: SecureStack, name: str = DOMAIN) -> httpx.Response:
    """What a visitor gets over TLS, who comes by way of the CDN."""
    return stack.secure("/", name, at=cdn(stack))


def flags(stack: SecureStack) -> list[str]:
    """What has been proven."""
    found = stack.execute("certbot", "find", "/tls/https", "/tls/hsts", "-type", "f")
    return sorted(found.split())
