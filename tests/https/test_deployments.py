"""Deployments under HTTP/2, HTTP/3 and TLS; the certificate stays as it is."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.test_deployments import seconds_to_switch
from tests.edge.stack import ROOT
from tests.https.stack import DOMAIN, IMAGE, SecureStack
from tests.soak import Row

pytestmark = pytest.mark.docker

DEPLOYMENTS = int(os.environ.get("DEPLOYMENTS", "2"))  # `make soak` asks for more


def test_no_request_is_lost_over_http2_and_http3(site: SecureStack, soaked: list[Row]) -> None:
    stop = threading.Event()
    serial = site.certificate()["serialNumber"]

    def load(*options: str) -> list[str]:
        """h2load, again and again: it never asks again for what failed, and counts it."""
        url = [f"https://{DOMAIN}{path}" for path in ("/", "/about/", "/api/info")]
        said = []
        while not stop.is_set():
            said += [site.execute("tools", "h2load", "-t1", "-D15", "--rps=40", *options, *url)]
        return said

    def ask_over_http3() -> list[str]:
        """One after the other, each with a handshake of its own."""
        one = (
            "curl --silent --max-time 10 --cacert /trust/ca.pem --http3-only --output /dev/null"
            f" --write-out '%{{http_version}} %{{http_code}}\\n' https://{DOMAIN}/api/info"
        )
        seen = []
        while not stop.is_set():
            script = f"for each in $(seq 50); do {one} || echo $?; sleep 0.1; done"
            seen += site.execute("tools", "sh", "-c", script).splitlines()
        return seen

    with ThreadPoolExecutor(3) as pool:
        loads = [pool.submit(load, "-c8", "-m4"), pool.submit(load, "-c8", "--h1")]
        http3 = pool.submit(ask_over_http3)
        try:
            times = [seconds_to_switch(deploy(site, IMAGE)) for _ in range(DEPLOYMENTS)]
            deploy(site, "--leave")
        finally:
            stop.set()
        said = [text for future in loads for text in future.result()]
    total = failed = 0
    for text in said:
        numbers = re.search(
            r"requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout",
            text,
        )
        assert numbers, text
        done, succeeded, *bad = map(int, numbers.groups())
        assert not any(bad) and done == succeeded > 1000, text
        assert re.search(r"status codes: \d+ 2xx, 0 3xx, 0 4xx, 0 5xx", text), text
        total += done
        failed += sum(bad)
    assert set(http3.result()) == {"3 200"}
    total += len(http3.result())
    soaked.append(Row("TLS: HTTP/1.1, HTTP/2, HTTP/3", DEPLOYMENTS, 0, total, failed, times))
    if "SOAK_PAGE" in os.environ:  # only `make soak` measures
        assert max(times) <= 10 and total >= 100_000
    assert site.certificate()["serialNumber"] == serial


def deploy(site: SecureStack, *arguments: str) -> str:
    """Run the script beside this stack; returns what it said."""
    files = [ROOT / "docker-compose.blue-green.yml", Path(__file__).with_name("compose.yml")]
    own = {
        "COMPOSE_PROJECT_NAME": site.project,
        "COMPOSE_FILE": ":".join(map(str, files)),
        "WATCH_SECONDS": "4",
    }
    done = subprocess.run(
        [ROOT / "deploy-blue-green.sh", *arguments],
        env={**os.environ, **site.env, **own},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
