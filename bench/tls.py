"""TLS: what the edge's certificate by variable, its looks at flags and its cache cost.

The edge's own server for HTTPS against a plain server of the same nginx, with the same
certificate, protocol settings, file and headers.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from bench.contestants import (
    ROOT,
    FailedError,
    MissingError,
    container,
    docker,
    file_server,
    in_front,
    nginx_container,
    require_docker,
)
from bench.runner import LOAD_CORE, Result, WrongAnswerError

DOMAIN = "bench.example"
HSTS = "max-age=63072000"  # of a site that has had HTTPS for a week
EDGE, PLAIN = "kaira's edge, from its cache", "nginx, from disk"
FILE, TINY = "small.html", "index.html"
HANDSHAKES, REQUESTS = "TLS handshakes", f"{FILE} over HTTP/2"


def tls(
    site: Path, *, rounds: int, seconds: int, tell: Callable[[str], None]
) -> dict[str, list[Result]]:
    """Handshakes, and requests over HTTP/2, for each second that nginx had the processor.

    Not for each second on the clock: whoever asks has as much to compute as nginx, so that
    nginx often waits. Raises MissingError if this machine lacks what is needed, FailedError if
    nginx does not start, WrongAnswerError if a request fails.
    """
    for tool in ("h2load", "hey", "openssl"):
        if shutil.which(tool) is None:
            raise MissingError(f"needs {tool}: `make lab` installs it")
    require_docker()
    loads: dict[str, Callable[[int, int], int]] = {HANDSHAKES: _shake_hands, REQUESTS: _ask}
    files = {HANDSHAKES: TINY, REQUESTS: FILE}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        store = _certificate(Path(folder))
        ports = {
            EDGE: stack.enter_context(_edge(site, store)),
            PLAIN: stack.enter_context(_plain(site, store)),
        }
        for name, port in ports.items():
            for file in files.values():
                _check(name, port, site / file, store)
        found: dict[str, list[Result]] = {}
        for heat, load in loads.items():
            rates: dict[str, list[float]] = {name: [] for name in ports}
            for number in range(rounds + 1):
                for name, port in ports.items():
                    rate = _rate(load, port, seconds)
                    if number:  # the first one warms up
                        rates[name].append(rate)
                if number:
                    told = ", ".join(f"{name} {each[-1]:,.0f}" for name, each in rates.items())
                    tell(f"{heat}, round {number} of {rounds}: {told}")
            size = (site / files[heat]).stat().st_size
            found[heat] = [Result(name, each, size) for name, each in rates.items()]
    return found


def shaken(output: str) -> int:
    """How many connections `hey` made, a request each. Raises WrongAnswerError if any failed."""
    statuses = dict(re.findall(r"\[(\d+)\]\s+(\d+) responses", output))
    if "Error distribution" in output or set(statuses) != {"200"}:
        raise WrongAnswerError(f"over TLS: {output.rpartition('distribution:')[2].strip()[:200]}")
    return int(statuses["200"])


def answered(output: str) -> int:
    """How many requests `h2load` got answered. Raises WrongAnswerError if any failed."""
    good = re.search(r"(\d+) succeeded, 0 failed, 0 errored, 0 timeout", output)
    status = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", output)
    if good is None or status is None or good[1] == "0":
        raise WrongAnswerError(f"over HTTP/2: {output.strip()[-300:]}")
    return int(good[1])


def secure_server() -> str:
    """The edge's own server for HTTPS, on PORT. Raises FailedError if it has changed."""
    own = (ROOT / "nginx/tls/server.conf").read_text()
    server, found = re.subn(r"(?m)^( *listen +)443\b", r"\g<1>127.0.0.1:PORT", own)
    if found == 0:
        raise FailedError("nginx/tls/server.conf does not listen where the bench expects it")
    return server


# Private


def _certificate(folder: Path) -> Path:
    """A certificate that nobody else trusts, laid out as certbot/publish.py does, with all
    flags of a site that has had HTTPS for long."""
    for each in ("chains/1", "keys", "hsts/day", "hsts/long"):
        (folder / each).mkdir(parents=True)
    for flag in ("hsts/day", "hsts/long"):
        (folder / flag / DOMAIN).touch()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-noenc", "-days", "2", "-subj", f"/CN={DOMAIN}",
         "-addext", f"subjectAltName=DNS:{DOMAIN}",
         "-keyout", folder / "keys/1.pem", "-out", folder / "chains/1/fullchain.pem"],
        capture_output=True, check=True,
    )  # fmt: skip
    (folder / "keys/1.pem").chmod(0o644)  # it opens nothing
    (folder / "live").symlink_to("/tls/chains/1")
    folder.chmod(0o755)
    return folder


@contextmanager
def _edge(site: Path, store: Path) -> Iterator[int]:
    mounts = f"{store}:/tls:ro", f"{ROOT}/nginx/tls:/run/kaira/tls:ro"  # as start/30-https.sh
    with in_front(site, secure_server(), *mounts, domain=DOMAIN) as base:
        yield urlsplit(base).port or 0


@contextmanager
def _plain(site: Path, store: Path) -> Iterator[int]:
    server = f"""
server {{
    listen      127.0.0.1:PORT ssl;
    http2       on;
    server_name {DOMAIN};

    ssl_certificate     /tls/chains/1/fullchain.pem;
    ssl_certificate_key /tls/keys/1.pem;
    keepalive_requests  10000000;

    {file_server(site)}
    add_header Alt-Svc                   'h3=":443"; ma=86400';
    add_header Strict-Transport-Security "{HSTS}";
}}
"""
    with nginx_container(site, server, "127.0.0.1:9", f"{store}:/tls:ro", domain=DOMAIN) as base:
        yield urlsplit(base).port or 0


def _check(name: str, port: int, file: Path, store: Path) -> None:
    """The second answer is the whole file with its headers; the edge has it from its cache."""
    trust = ssl.create_default_context(cafile=store / "chains/1/fullchain.pem")
    for _ in range(2):
        connection = HTTPConnection(DOMAIN)
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sock = trust.wrap_socket(plain, server_hostname=DOMAIN)
        connection.putrequest("GET", f"/{file.name}", skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        right = answer.status == 200 and answer.read() == file.read_bytes()
        cached = "; hit" in (answer.getheader("cache-status") or "")
        proven = answer.getheader("strict-transport-security") == HSTS
        connection.close()
    if not (right and cached and proven):
        raise WrongAnswerError(f"{name} does not send {file.name} over TLS as it should")


def _rate(load: Callable[[int, int], int], port: int, seconds: int) -> float:
    before = _processor_seconds(port)
    done = load(port, seconds)
    return done / (_processor_seconds(port) - before)


def _shake_hands(port: int, seconds: int) -> int:
    url = f"https://127.0.0.1:{port}/{TINY}"
    return shaken(_load("hey", "-z", f"{seconds}s", "-c", "16", "-disable-keepalive",
                        "-disable-compression", "-host", DOMAIN, url))  # fmt: skip


def _ask(port: int, seconds: int) -> int:
    to = f"127.0.0.1:{port}"
    return answered(_load("h2load", "-D", str(seconds), "-c", "8", "-m", "8",
                          "--connect-to", to, f"https://{DOMAIN}/{FILE}"))  # fmt: skip


def _load(*command: str) -> str:
    done = subprocess.run(
        ["taskset", "-c", LOAD_CORE, *command],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "GOMAXPROCS": "1"},
    )  # fmt: skip
    if done.returncode:
        raise WrongAnswerError(f"{command[0]}: {done.stderr.strip()[-200:]}")
    return done.stdout


def _processor_seconds(port: int) -> float:
    """How long nginx, all its processes, has had the processor."""
    master = docker("inspect", "--format", "{{.State.Pid}}", container(port)).strip()
    try:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        times = [Path(f"/proc/{each}/schedstat").read_text() for each in (master, *children)]
    except OSError as error:
        raise MissingError(f"cannot see nginx's processes: {error}") from error
    return sum(int(each.split()[0]) for each in times) / 1e9
