"""LOGS=cloudwatch: Docker's own driver sends the lines, and no visitor ever waits for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.aws.template import CLOUD_INIT
from tests.aws.conftest import NEEDED
from tests.conftest import require
from tests.deploy.conftest import Host
from tests.deploy.engine import Engine, program
from tests.edge.stack import ROOT, free_port, run, wait_until
from tests.logs.cloud import KEYS, REGION, Cloud

FILES = [
    "docker-compose.prod.yml",
    "docker-compose.blue-green.yml",
    "docker-compose.monitoring.yml",
]
SERVICES = {"nginx": "edge", "certbot": "certbot", "app": "app"}
# The driver itself takes 4096 lines, and a pipe some hundred, before anybody would wait.
MANY = 7000
PATIENCE = 60  # seconds: as good as never


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("logs", ["", "local", "cloudwatch"])
def test_each_service_has_rotation_and_one_variable_chooses(file: str, logs: str) -> None:
    require(shutil.which("docker"), "needs docker compose")
    services = _config(file, LOGS=logs)["services"]
    assert len(services) >= 3
    for name, service in services.items():
        group = "monitoring" if "monitoring" in file else SERVICES[name.split("-")[0]]
        options = service["logging"]["options"]
        if logs != "cloudwatch":
            assert service["logging"]["driver"] == "json-file"
            assert options == {"max-size": "10m", "max-file": "3"}
            continue
        assert service["logging"]["driver"] == "awslogs"
        assert options["awslogs-group"] == f"/kaira/{group}"
        assert options["mode"] == "non-blocking" and options["max-buffer-size"] == "4m"
        assert options["cache-max-size"] == "10m" and options["cache-max-file"] == "3"


def test_a_choice_that_is_none_is_refused() -> None:
    require(shutil.which("docker"), "needs docker compose")
    said = run("sh", "-c", "docker compose -f docker-compose.prod.yml config --quiet 2>&1 || echo refused",
               env={"LOGS": "cloud"})  # fmt: skip
    assert "monitoring/logs/cloud.yml" in said and "refused" in said


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that has a role on AWS, as on EC2."""
    found = program()
    require(os.geteuid() == 0 and found, "needs root, and a Docker Engine here, to start another")
    assert found is not None
    folder = tmp_path_factory.mktemp("engine")
    keys = {name: value for name, value in KEYS.items() if name != "AWS_REGION"}
    engine = Engine(folder, found, **keys)
    try:
        engine.start()
        yield engine
    finally:
        engine.remove()
        shutil.rmtree(folder)


@pytest.mark.docker
def test_lines_arrive_and_nobody_waits_when_they_cannot(
    engine: Engine, image: str, tmp_path: Path
) -> None:
    pytest.importorskip("moto", reason="moto needs a Python below 3.15")
    engine.take("nginx:1.30", "certbot/certbot:v5.5.0", image)
    port = free_port()
    host = Host(
        "kaira-logs-cloud", Path(__file__).with_name("cloud.yml"), DOCKER_HOST=engine.address,
        WATCH_SECONDS="1", LOGS="cloudwatch", AWS_REGION=REGION, CLOUD=f"http://127.0.0.1:{port}",
    )  # fmt: skip
    cloud = Cloud(tmp_path / "cloud", port, engine.enter)
    try:
        cloud.ask(
            "cloudformation", "create_stack", StackName="kaira", Capabilities=["CAPABILITY_IAM"],
            TemplateBody=(ROOT / "infra/aws/kaira.yaml").read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in {
                    **NEEDED, "Image": "ghcr.io/you/kaira", "CloudInit": CLOUD_INIT.read_text(),
                }.items()
            ],
        )  # fmt: skip
        host.deploy(image)

        # They arrive, each in its group, in a stream that is named for machine and container.
        assert engine.get(f"{host.url}/api/info")
        wait_until(lambda: "/api/info" in str(_lines(cloud, "edge")), "they arrive", 30)
        edge = _lines(cloud, "edge")
        asked = next(line for line in edge if line.get("path") == "/api/info")
        assert asked["status"] == 200
        wait_until(lambda: asked["request_id"] in str(_lines(cloud, "app")), "joined by id", 30)
        assert [line["outcome"] for line in edge if line["event"] == "deployment"] == ["deployed"]
        (stream,) = cloud.ask("logs", "describe_log_streams", logGroupName="/kaira/edge")[
            "logStreams"
        ]
        assert re.fullmatch(r"[\w.-]+/kaira-logs-cloud-nginx", stream["logStreamName"])
        assert "/api/info" in run(
            "docker", "--host", engine.address, "logs", host.container("nginx")
        )

        # The cloud hangs, and the driver with it: it sends every 5 s.
        cloud.hang()
        _ask(engine, host, 100)
        time.sleep(6)
        _ask(engine, host, MANY)
        # It is gone: so too, and a version can still be deployed. With a driver that blocks no
        # container would start (and a request waits for some seconds, which a busy machine can
        # make it do as well).
        cloud.end()
        _ask(engine, host, MANY)
        assert "done" in host.deploy(image)
        assert engine.get(f"{host.url}/health")
    finally:
        cloud.end()
        host.down()


# Private


def _config(file: str, **env: str) -> dict[str, Any]:
    given = {"GRAFANA_ADMIN_PASSWORD": "x", "DOMAIN": "shop.example", **env}
    text = run(
        "docker", "compose", "-f", file, "--profile", "*", "config", "--format", "json", env=given
    )
    found: dict[str, Any] = json.loads(text)
    return found


def _lines(cloud: Cloud, group: str) -> list[dict[str, Any]]:
    events = cloud.ask("logs", "filter_log_events", logGroupName=f"/kaira/{group}")["events"]
    return [json.loads(each["message"]) for each in events]


def _ask(engine: Engine, host: Host, requests: int) -> None:
    """So many requests on one connection, one after the other; each must be answered."""
    urls = f"{host.url}/api/info?[1-{requests}]"
    said = run(*engine.enter, "curl", "--silent", "--fail-early", "--fail", "--max-time",
               str(PATIENCE), "--output", "/dev/null", "--write-out", "%{http_code}\n", urls,
               check=False)  # fmt: skip
    assert Counter(said.split()) == {"200": requests}
