"""The compose file of monitoring: what may be set, and what must be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from tests.conftest import require
from tests.edge.stack import ROOT

COMPOSE = ROOT / "docker-compose.monitoring.yml"
GIVEN = {"COMPOSE_PROJECT_NAME"}  # by compose itself


def test_the_example_file_has_every_variable() -> None:
    text = COMPOSE.read_text()
    names = set(re.findall(r"\$\{([A-Z_]+)", text)) | set(re.findall(r"^      (\w+):$", text, re.M))
    example = (ROOT / ".env.example").read_text()
    missing = {name for name in names - GIVEN if f"{name}=" not in example}
    assert names and not missing


def test_there_is_no_default_password() -> None:
    require(shutil.which("docker"), "needs docker compose")
    env = {name: value for name, value in os.environ.items() if name != "GRAFANA_ADMIN_PASSWORD"}
    done = subprocess.run(
        ["docker", "compose", "-f", COMPOSE, "config", "--quiet"],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "GRAFANA_ADMIN_PASSWORD is missing a value: set it in .env" in done.stderr


def test_it_is_hardened_published_here_alone_and_smaller_than_the_machine() -> None:
    text = COMPOSE.read_text()
    services = text.split("\nservices:\n")[1].split("\nnetworks:\n")[0]
    blocks = re.split(r"\n  (?=[a-z-]+:\n)", "\n" + services)[1:]
    assert len(blocks) == 7
    for block in blocks:
        assert "<<: *hardened" in block and re.search(r"image: \S+:\S*\d", block), block
        for port in re.findall(r"ports:\n((?:      - .*\n)+)", block):
            assert all("127.0.0.1:" in line for line in port.splitlines()), block
    limits = [int(limit) for limit in re.findall(r"mem_limit: (\d+)m", text)]
    assert len(limits) == 7 and sum(limits) <= 600
