"""What the pages tell operators to type, typed beside a real site."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

from monitoring.logs_page import PAGES
from tests.deploy.conftest import Host
from tests.edge.stack import ROOT
from tests.logs.conftest import DOMAIN, IMAGE


@pytest.mark.docker
@pytest.mark.parametrize("language", PAGES)
def test_lines_are_followed_with_docker_alone(site: Host, language: str) -> None:
    told = re.search(r"```sh\n(docker compose .*?)```", PAGES[language].read_text(), re.S)
    assert told
    command = (
        told[1].strip()
        .replace("docker-compose.prod.yml", "docker-compose.blue-green.yml --profile green")
        .replace("kaira-server kaira", f"{IMAGE} kaira")
    )  # fmt: skip
    assert "--follow" in command and IMAGE in command
    with subprocess.Popen(
        ["sh", "-c", f"{command} --status 404"], cwd=ROOT, env={**os.environ, **site.env},
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            time.sleep(3)
            with site.client(Host=DOMAIN) as client:
                asked = client.get("/api/followed")
            identifier = asked.headers["x-request-id"][:8]
            assert process.stdout
            found: set[str] = set()
            for line in process.stdout:  # else the test times out
                assert " 404 " in line
                if f"id={identifier}" in line:
                    found |= set(re.findall(r"kaira-logs-(nginx|blue|green)|(?<= )app-1", line))
                    if len(found) == 2:
                        break
        finally:
            os.killpg(process.pid, signal.SIGINT)
