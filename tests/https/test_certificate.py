"""The certificate's whole life: renewal under load, troubles of every kind, and its end."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.edge.stack import run, wait_until
from tests.https.stack import DOMAIN, WWW, SecureStack

pytestmark = pytest.mark.docker


# A site that is well


def test_a_restart_asks_the_authority_for_nothing(site: SecureStack) -> None:
    before, serial = site.asked(), site.certificate()["serialNumber"]
    assert before > 0  # what is asked is seen
    site.compose("restart", "certbot")
    site.wait_until_looked()
    site.compose("up", "-d", "--wait", "--force-recreate", "certbot", "nginx")
    site.wait_until_looked()
    wait_until(site.has_https, "HTTPS is back")
    assert site.certificate()["serialNumber"] == serial
    assert site.asked() == before


def test_it_is_renewed_when_the_authority_says_so(site: SecureStack) -> None:
    serial = site.certificate()["serialNumber"]
    site.check()  # nothing is due
    assert site.certificate()["serialNumber"] == serial
    want_renewal(site, f"{site.net}.4", datetime.now(UTC) - timedelta(days=1))
    # certbot asks for that information again only when its last answer is six hours old.
    site.execute("certbot", "sh", "-c", "sed -i /ari_retry_after/d /etc/letsencrypt/renewal/*.conf")
    site.check()
    wait_until(lambda: site.certificate()["serialNumber"] != serial, "it is renewed")


def test_forced_renewals_under_load_lose_no_request(site: SecureStack) -> None:
    stop = threading.Event()
    first = (site.certificate()["serialNumber"], site.execute("nginx", "cat", "/run/nginx.pid"))
    troubles = site.troubles()
    running: dict[str, int | None] = {"h2": None, "h1": None}  # which run of each h2load

    def load(name: str, *options: str) -> list[str]:
        """h2load, again and again: it never asks again for what failed, and counts it."""
        url = [f"https://{DOMAIN}{path}" for path in ("/", "/about/", "/robots.txt")]
        said: list[str] = []
        while not stop.is_set():
            running[name] = len(said)
            said += [site.execute("tools", "h2load", "-t1", "-D15", "--rps=20", *options, *url)]
            running[name] = None
        return said

    with ThreadPoolExecutor(4) as pool:
        loads = {
            "h2": pool.submit(load, "h2", "-c8", "-m4"),
            "h1": pool.submit(load, "h1", "-c8", "--h1"),
        }
        kept = pool.submit(keep_asking, site, stop)
        fresh = pool.submit(shake_hands, site, stop)
        try:
            covered = renewals = 0
            while covered < 3:  # those from the beginning to the end of which the load went on
                assert renewals < 10, "the load covers no renewal"
                wait_until(lambda: None not in running.values(), "there is load")
                before = dict(running)
                site.renew()
                renewals += 1
                covered += running == before
        finally:
            stop.set()
        said = {name: future.result() for name, future in loads.items()}
        asked, shaken = kept.result(), fresh.result()

    total = 0
    for name, text in ((name, text) for name, texts in said.items() for text in texts):
        numbers = re.search(
            r"requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout",
            text,
        )
        assert numbers, text
        done, succeeded, *bad = map(int, numbers.groups())
        assert not any(bad) and done == succeeded > 0, text
        assert re.search(r"status codes: \d+ 2xx, 0 3xx, 0 4xx, 0 5xx", text), text
        total += done
        print(f"{name}: {done} requests")
    print(f"keep-alive: {asked}, handshakes: {shaken}, {covered} of {renewals} renewals under load")
    assert set(asked) == {200} and total > 1000
    assert set(shaken) == {"ok"}, shaken
    assert site.certificate()["serialNumber"] != first[0]
    assert site.execute("nginx", "cat", "/run/nginx.pid") == first[1]
    assert site.troubles() == troubles


def test_old_keys_are_not_kept(site: SecureStack) -> None:
    assert len(site.execute("nginx", "ls", "/tls/keys").split()) == 2  # this one, the one before
    assert len(site.execute("nginx", "ls", "/tls/chains").split()) == 2


def test_another_port_is_announced_and_redirected_to(site: SecureStack) -> None:
    site.start("--no-deps", "nginx", HTTPS_PORT="8443")
    try:
        wait_until(site.has_https, "the edge is back")
        assert site.secure("/").headers["alt-svc"] == 'h3=":8443"; ma=86400'
        assert site.plain("/a").headers["location"] == f"https://{DOMAIN}:8443/a"
    finally:
        site.start("--no-deps", "nginx", HTTPS_PORT="443")
        wait_until(site.has_https, "the edge is back")


def want_renewal(stack: SecureStack, authority: str, when: datetime) -> None:
    """Have the authority say when it wants the certificate in use replaced (RFC 9773)."""
    pem = stack.execute("nginx", "cat", "/tls/live/fullchain.pem").split("-----END", 1)[0]
    moment = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    window = {"suggestedWindow": {"start": moment, "end": moment}}
    told = {
        "certificate": f"{pem}-----END CERTIFICATE-----\n",
        "ariResponse": json.dumps(window),
    }
    context = stack.context()
    context.check_hostname = False
    httpx.post(
        f"https://{authority}:15000/set-renewal-info/", json=told, verify=context
    ).raise_for_status()


def keep_asking(site: SecureStack, stop: threading.Event) -> Counter[int]:
    """One connection for all requests; anything but an answer raises."""
    seen: Counter[int] = Counter()
    with httpx.Client(verify=site.context(), timeout=5, transport=None) as client:
        while not stop.is_set():
            answer = client.get(
                f"https://{site.address}/",
                headers={"host": DOMAIN},
                extensions={"sni_hostname": DOMAIN},
            )
            seen[answer.status_code] += 1
            time.sleep(0.005)
    return seen


def shake_hands(site: SecureStack, stop: threading.Event) -> Counter[str]:
    """One verified handshake after the other, from the beginning to the end."""
    seen: Counter[str] = Counter()
    context = site.context()
    while not stop.is_set():
        try:
            site.handshake(context=context).close()
            seen["ok"] += 1
        except OSError as error:
            seen[repr(error)] += 1
    return seen


# A site in trouble: one stack, from one trouble into the next


@pytest.fixture(scope="module")
def ill(https_image: str) -> Iterator[SecureStack]:
    """A site whose name does not resolve, and whose port of HTTPS is not open."""
    stack = SecureStack("ill", ACME_PROFILE="shortlived", HTTPS_PORT="9443")
    stack.down()
    try:
        stack.start_authority()
        stack.dns("set-default-ipv4", ip="")
        stack.start()
        yield stack
    finally:
        stack.down()


def test_a_name_that_does_not_resolve_is_said_and_the_site_is_there_over_http(
    ill: SecureStack,
) -> None:
    ill.compose("up", "-d", "--wait")
    complaint = ill.complaint("dns")
    assert DOMAIN in complaint["detail"] and "resolve" in complaint["detail"]
    assert "A record" in complaint["help"] and complaint["next_try"]
    assert ill.plain("/").status_code == 200
    assert ill.orders() == 0  # the authority is not bothered


def test_a_name_that_leads_elsewhere_is_said(ill: SecureStack) -> None:
    stranger = f"{ill.net}.20"
    ill.start("stranger")
    wait_until(lambda: answers(ill, stranger), "another server answers")
    ill.dns("set-default-ipv4", ip=stranger)
    ill.signal("HUP")
    wait_until(lambda: stranger in last(ill), "it is said", 90)
    assert "another server answers" in last(ill)
    assert ill.orders() == 0


def test_a_closed_port_80_is_said_in_the_authority_s_words_and_not_tried_again_soon(
    ill: SecureStack,
) -> None:
    ill.dns("set-default-ipv4", ip=f"{ill.net}.99")

    # At first it waits for the edge to start, then it asks: by itself, and once.
    ill.compose("restart", "certbot")
    refused = "the authority has been asked, and has said no"
    wait_until(lambda: any("failures" in line for line in ill.said("certificate not")), refused, 90)
    complaint = ill.complaint("connection")
    assert "port 80" in complaint["help"] and complaint["failures"] == 1
    assert ill.orders() == 1
    again = datetime.fromisoformat(complaint["next_try"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < again < timedelta(minutes=17)  # 5 failures an hour are allowed
    before = ill.state()
    ill.compose("up", "-d", "--force-recreate", "certbot")
    ill.wait_until_looked()
    assert ill.state() == before and ill.orders() == 1  # that is kept across restarts
    assert "unhealthy" not in ill.compose("ps", "certbot")


def test_a_www_that_is_not_there_does_not_hold_up_the_domain(ill: SecureStack) -> None:
    ill.dns("set-default-ipv4", ip="")
    ill.dns("add-a", host=f"{DOMAIN}.", addresses=[ill.address])
    ill.signal("HUP")
    wait_until(ill.has_https, "the domain has HTTPS")
    assert ill.names() == [DOMAIN]
    (left_out, *_) = ill.said("name left out")
    assert left_out["name"] == WWW and left_out["level"] == "warning"


def test_nobody_is_sent_to_a_port_that_is_closed(ill: SecureStack) -> None:
    wait_until(lambda: bool(ill.said("https does not work")), "it is said", 90)
    said = ill.said("https does not work")[-1]
    assert said["reason"] == "connection" and "port 9443" in said["help"]
    assert ill.plain().status_code == 200
    ill.start("certbot", HTTPS_PORT="443")
    wait_until(lambda: ill.plain().status_code == 308, "it is redirected")
    assert ill.plain(host=WWW).status_code == 200  # to a certificate without its name nobody is


def test_www_is_taken_in_when_it_is_there(ill: SecureStack) -> None:
    ill.dns("add-a", host=f"{WWW}.", addresses=[ill.address])
    ill.signal("HUP")
    wait_until(lambda: ill.names() == [DOMAIN, WWW], "it is in the certificate")
    wait_until(lambda: ill.plain(host=WWW).status_code == 308, "it is redirected")


def test_a_certificate_of_six_days_is_what_it_is(ill: SecureStack) -> None:
    assert 6 < life(ill.certificate()) / 86400 < 7


def test_near_its_end_the_container_is_unwell_and_says_why(ill: SecureStack) -> None:
    # The health check itself, at moments to come. Renewal is due with half of the six days left.
    assert health(ill) == ""
    assert health(ill, 5 * 86400) == ""
    assert re.match(r"the certificate expires \S+Z and is not renewed$", health(ill, 6 * 86400))
    assert health(ill, 7 * 86400)


def test_an_authority_that_is_down_is_said_and_the_old_certificate_stays(ill: SecureStack) -> None:
    serial = ill.certificate()["serialNumber"]
    ill.compose("stop", "pebble")
    ill.signal("USR1")
    complaint = ill.complaint("unreachable")
    assert complaint["event"] == "certificate not renewed"
    assert "https://pebble:14000/dir" in complaint["detail"]
    assert ill.certificate()["serialNumber"] == serial
    facts = json.loads(ill.execute("app", "cat", "/run/kaira/certificate.json"))
    assert facts["error"]["reason"] == "unreachable"
    assert health(ill) == ""  # young enough


def test_a_rate_limit_is_said_and_waited_for(ill: SecureStack, tmp_path: Path) -> None:
    serial = ill.certificate()["serialNumber"]
    until = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    with rate_limited(ill, until, tmp_path) as (server, asked):
        ill.start("certbot", ACME_SERVER=server)
        complaint = ill.complaint("rateLimited")
        assert "too many certificates" in complaint["detail"]
        assert datetime.fromisoformat(complaint["next_try"]) >= until
        assert ill.certificate()["serialNumber"] == serial
        assert len(asked) == 1
        before = ill.state()
        ill.compose("up", "-d", "--force-recreate", "certbot")
        ill.wait_until_looked()
        assert ill.state() == before and len(asked) == 1


def test_the_switch_from_an_rsa_chain_to_an_ecdsa_chain_loses_no_request(ill: SecureStack) -> None:
    # With the nonces left on that Pebble rejects (1 of 20); certbot may fail once for that.
    ill.env["NONCEREJECT"] = "5"
    ill.start_authority("pebble-rsa")
    ill.start("certbot", ACME_SERVER="https://pebble-rsa:14000/dir", ACME_PROFILE="default")

    def signed() -> str:
        pem = ill.execute("nginx", "cat", "/tls/live/fullchain.pem")
        show = ["openssl", "x509", "-noout", "-text"]
        text = subprocess.run(show, input=pem, capture_output=True, text=True, check=True).stdout
        return re.search(r"Signature Algorithm: (\S+)", text).group(1)  # type: ignore[union-attr]

    again = Again(ill)

    def is_rsa() -> bool:
        again.if_refused()
        return "RSA" in signed()

    wait_until(is_rsa, "the RSA chain is in use", 90)
    assert ill.has_https()
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        kept, fresh = pool.submit(keep_asking, ill, stop), pool.submit(shake_hands, ill, stop)
        orders = ill.orders()
        # Back to the former authority, whose certificate is still good: no order, though it is down.
        ill.start("certbot", ACME_SERVER="https://pebble:14000/dir", ACME_PROFILE="shortlived")
        wait_until(lambda: "ecdsa" in signed(), "the ECDSA chain is in use")
        time.sleep(1)
        stop.set()
        asked, shaken = kept.result(), fresh.result()
    print(f"keep-alive: {asked}, handshakes: {shaken}")
    assert set(asked) == {200} and set(shaken) == {"ok"}
    assert ill.orders() == orders


def test_a_certificate_that_is_due_is_renewed(ill: SecureStack) -> None:
    ill.start("certbot", ACME_SERVER="https://pebble-rsa:14000/dir", ACME_PROFILE="brief")
    again = Again(ill)

    def is_brief() -> bool:
        again.if_refused()
        return life(ill.certificate()) < 120

    wait_until(is_brief, "a minute and a half to live", 90)
    first = ill.certificate()
    # Two checks, as on one day: at the first, the authority wants it to stay until tomorrow; at the
    # second, certbot does not ask for that again, and half of the life counts.
    want_renewal(ill, f"{ill.net}.5", datetime.now(UTC) + timedelta(days=1))
    ill.check()
    assert ill.certificate()["serialNumber"] == first["serialNumber"]
    wait_until(lambda: left(first) < life(first) / 2, "half of its life is over", 90)

    def is_renewed() -> bool:
        again.if_refused()
        try:
            return bool(ill.certificate()["serialNumber"] != first["serialNumber"])
        except ssl.SSLError:  # on a busy machine it may have ended meanwhile
            return False

    ill.signal("HUP")
    wait_until(is_renewed, "it is renewed", 90)


class Again:
    """Has a certbot that was just started try again when it is refused: for a nonce, say."""

    def __init__(self, stack: SecureStack) -> None:
        self.stack = stack
        self.refused = 0

    def if_refused(self) -> None:
        """Once for each time."""
        if (refused := len(self.stack.said("certificate not"))) > self.refused:
            self.refused = refused
            self.stack.signal("HUP")


def answers(stack: SecureStack, address: str) -> bool:
    """Whether anybody answers there in plain HTTP."""
    try:
        stack.plain(at=address)
    except httpx.TransportError:
        return False
    return True


def last(stack: SecureStack) -> str:
    """The detail of the newest error."""
    errors = [line for line in stack.said() if line["level"] == "error"]
    return str(errors[-1]["detail"]) if errors else ""


def life(certificate: dict[str, str]) -> float:
    """For how many seconds it was made."""
    ends, begins = (ssl.cert_time_to_seconds(certificate[key]) for key in ("notAfter", "notBefore"))
    return ends - begins


def left(certificate: dict[str, str]) -> float:
    """Seconds until it ends."""
    return ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()


def health(stack: SecureStack, later: int = 0) -> str:
    """What the container's own health check says, `later` seconds from now; nothing if all is well."""
    code = (
        "import health, sys, time; health.SILENT = 10**9;"
        f"sys.exit(health.trouble(time.time() + {later}))"
    )
    run("docker", "exec", stack.container("certbot"), "python3", "-B", "/opt/kaira/health.py")
    done = subprocess.run(
        ["docker", "exec", "-w", "/opt/kaira", stack.container("certbot"), "python3", "-B", "-c", code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == bool(done.stderr)
    return done.stderr.strip()


class rate_limited:
    """A small ACME server, which refuses every order as Let's Encrypt does: Pebble has no limits.

    Gives its directory's address, and the list of the orders that came.
    """

    def __init__(self, stack: SecureStack, until: datetime, folder: Path) -> None:
        address = f"{stack.net}.1"  # this machine, in the stack's network
        certificate, key = folder / "cert.pem", folder / "key.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-noenc", "-days", "2", "-subj", "/CN=limited", "-addext", f"subjectAltName=IP:{address}",
            "-keyout", str(key), "-out", str(certificate))  # fmt: skip
        stack.trust_also(certificate.read_text())
        self.asked: list[str] = []
        asked = self.asked
        words = (
            "too many certificates (5) already issued for this exact set of identifiers in the last "
            f"168h0m0s, retry after {until:%Y-%m-%d %H:%M:%S} UTC: see https://letsencrypt.org/docs/"
        )

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                base = f"https://{self.headers['host']}"
                names = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
                self.answer(200, {name: f"{base}/{name}" for name in names})

            def do_HEAD(self) -> None:
                self.answer(200, None)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/newOrder":
                    asked.append(self.path)
                    problem = {
                        "type": "urn:ietf:params:acme:error:rateLimited",
                        "detail": words,
                        "status": 429,
                    }
                    self.answer(429, problem, "application/problem+json")
                else:
                    self.answer(201, {"status": "valid"})

            def answer(self, status: int, body: object, kind: str = "application/json") -> None:
                content = json.dumps(body).encode() if body is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Replay-Nonce", "bm9uY2U")
                self.send_header("Location", f"https://{self.headers['host']}/account/1")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((address, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://{address}:{self.server.server_port}/dir"

    def __enter__(self) -> tuple[str, list[str]]:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.url, self.asked

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
