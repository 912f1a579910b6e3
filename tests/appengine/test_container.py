"""App Engine's conditions: its Python, requirements.txt and nothing else, 256 MB, half a CPU, a
read-only disk; and in it the upload, started by the entrypoint of app.yaml."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML

from bench.appengine import DISK, LIMITS, build_image, entrypoint
from bench.memory import megabytes
from tests.app.running import free_port, wait_until
from tests.appengine.conftest import Upload
from tests.edge.stack import run

IMAGE = "kaira-appengine-test"
NAME = "kaira-appengine-test"
VERSION = "20261128t101112"


@pytest.fixture(scope="module")
def sent(upload: Upload, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What has been uploaded, and no other file."""
    folder = tmp_path_factory.mktemp("sent")
    for name in upload.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(upload.folder / name, folder / name)
    build_image(folder / "requirements.txt", IMAGE)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def start(sent: Path, name: str, *options: str) -> str:
    """A container of it, which has answered; its URL."""
    run("docker", "rm", "-f", name, check=False)
    port = free_port()
    variables = YAML(typ="safe").load(sent / "app.yaml")["env_variables"]
    given = {**variables, "PORT": "8080", "GAE_VERSION": VERSION, "GAE_ENV": "standard"}
    run("docker", "run", "-d", "--name", name, "-p", f"127.0.0.1:{port}:8080", *options,
        *(f"--env={key}={value}" for key, value in given.items()),
        f"--volume={sent}:/workspace:ro", IMAGE, "bash", "-c", entrypoint(sent / "app.yaml"))  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        state = json.loads(run("docker", "inspect", "-f", "{{json .State}}", name))
        assert state["Running"], run("sh", "-c", f"docker logs {name} 2>&1")
        try:
            return httpx.get(f"{url}/_ah/warmup").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(answers, "it answers", 60)
    return url


@pytest.fixture(scope="module")
def instance(sent: Path) -> Iterator[str]:
    try:
        yield start(sent, NAME, *LIMITS, *DISK)
    finally:
        run("docker", "rm", "-f", NAME, check=False)


def fetch_all(url: str) -> int:
    """Ask for every path of the site; how many there are."""
    with httpx.Client(base_url=url, headers={"accept-encoding": ""}) as client:
        paths = client.get("/_paths").text.split()
        for path in paths:
            assert client.get(path).status_code == 200, path
    return len(paths)


def test_it_serves_the_whole_site_within_256_mb(instance: str) -> None:
    assert fetch_all(instance) > 1000
    assert httpx.get(f"{instance}/api/products").json()["total"] > 0
    usage = run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", NAME)
    used = megabytes(usage)
    print(f"{used:.0f} MB after {instance} was read whole")
    assert used < 200
    state = json.loads(run("docker", "inspect", "-f", "{{json .State}}", NAME))
    assert state["Running"] and not state["OOMKilled"]


def test_nothing_of_the_press_is_installed(instance: str) -> None:
    del instance
    probe = "import importlib.util as u; print([n for n in ('jinja2', 'brotli', 'rich') if u.find_spec(n)])"
    assert run("docker", "exec", NAME, "python3", "-c", probe).strip() == "[]"
    assert "3.14" in run("docker", "exec", NAME, "python3", "--version")


def test_it_runs_as_an_ordinary_user(instance: str) -> None:
    del instance
    assert run("docker", "exec", NAME, "id", "-u").strip() != "0"


def test_it_says_which_version_of_app_engine_s_it_is(instance: str) -> None:
    assert httpx.get(f"{instance}/health").json()["release"] == VERSION


def test_it_logs_json_alone(instance: str) -> None:
    httpx.get(f"{instance}/api/info")
    for line in run("docker", "logs", NAME).splitlines():
        assert isinstance(json.loads(line), dict)


def test_it_ends_well_on_sigterm(sent: Path) -> None:
    name = f"{NAME}-end"
    try:
        start(sent, name, *LIMITS, *DISK)
        run("docker", "stop", "--time", "30", name)
        state = json.loads(run("docker", "inspect", "-f", "{{json .State}}", name))
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
    finally:
        run("docker", "rm", "-f", name, check=False)


def test_it_writes_nowhere_but_below_tmp(sent: Path) -> None:
    # On a disk that would take it, as a user who may: whatever it tries, shows.
    name = f"{NAME}-disk"
    try:
        url = start(sent, name, "--tmpfs", "/tmp", "--user", "0")
        fetch_all(url)
        assert httpx.get(f"{url}/metrics").status_code == 200
        run("docker", "stop", name)
        assert run("docker", "diff", name).splitlines() == []
    finally:
        run("docker", "rm", "-f", name, check=False)


def test_a_bad_setting_ends_the_start_with_one_line(sent: Path) -> None:
    command = (f"docker run --rm {' '.join(DISK)} -v {sent}:/workspace:ro -e PORT=http "
               f"{IMAGE} python3 -m kaira_fastapi_poetry serve 2>&1; true")  # fmt: skip
    assert run("sh", "-c", command).splitlines() == [
        "kaira: PORT: got 'http', takes a whole number from 0 to 65535"
    ]
