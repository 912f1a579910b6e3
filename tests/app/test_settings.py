"""Every variable: read where it should be, and refused in one line where it cannot be."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kaira_fastapi_poetry.settings import Settings
from tests.app.running import Server, environment, kaira, write
from tests.http_table import UVICORN

PAGE = {"site/index.html": "<!doctype html><title>x</title>"}
BAD = [
    ("ENVIRONMENT", "staging"),
    ("DEBUG", "perhaps"),
    ("HOST", "two hosts"),
    ("PORT", "http"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "80.5"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
    ("ACCESS_LOG", "maybe"),
    ("ALLOWED_HOSTS", "kaira.example,http://evil.example/"),
    ("ALLOWED_HOSTS", "a b"),
    ("FORWARDED_ALLOW_IPS", "127.0.0.1,everyone"),
    ("FORWARDED_ALLOW_IPS", "10.0.0.0/33"),
    ("WEB_CONCURRENCY", "0"),
    ("WEB_CONCURRENCY", "257"),
    ("WEB_CONCURRENCY", "many"),
    ("RELEASE", "with blanks"),
    ("RELEASE", "x" * 129),
    ("RELEASE", "new\nline"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
@pytest.mark.parametrize("way", ["kaira serve", "uvicorn"])
def test_a_bad_value_ends_the_start_with_one_line(
    tmp_path: Path, way: str, name: str, value: str
) -> None:
    if way == "uvicorn" and name == "WEB_CONCURRENCY":
        return  # uvicorn reads that itself, before it reads us
    write(tmp_path, PAGE)
    command = [UVICORN[0], UVICORN[1], "--port=0"]
    if way == "kaira serve":
        done = kaira("serve", folder=tmp_path, SITE_DIR="site", **{name: value})
    else:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(SITE_DIR="site", **{name: value}),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"kaira: {name}: got ") and "takes" in line
    takes = Settings.model_fields[name.lower()].description
    assert takes and line.endswith(takes)
    assert repr(value)[1:-1] in line
    assert done.stdout == ""


def test_every_variable_has_a_bad_value_here_or_takes_any() -> None:
    assert {name for name, _ in BAD} | {"SITE_DIR"} == {n.upper() for n in Settings.model_fields}


@pytest.mark.parametrize("way", ["kaira serve", "uvicorn"])
def test_a_folder_that_is_not_there_ends_the_start_with_one_line(tmp_path: Path, way: str) -> None:
    if way == "kaira serve":
        done = kaira("serve", folder=tmp_path, SITE_DIR="nowhere", LOG_FORMAT="json")
    else:
        done = subprocess.run(
            [UVICORN[0], UVICORN[1], "--port=0"], cwd=tmp_path,
            env=environment(SITE_DIR="nowhere"), capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert [line for line in done.stderr.splitlines() if "nowhere" in line] == (
        done.stderr.splitlines()
    )
    assert "Traceback" not in done.stderr + done.stdout


def test_a_port_that_is_taken_is_named_and_not_a_traceback(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path, PAGE)
    first = start(SITE_DIR="site")
    done = kaira("serve", folder=tmp_path, SITE_DIR="site", PORT=str(first.port),
                 LOG_FORMAT="json", WEB_CONCURRENCY="1")  # fmt: skip
    assert done.returncode != 0
    assert str(first.port) in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_what_is_empty_counts_as_not_set(start: Callable[..., Server], tmp_path: Path) -> None:
    write(tmp_path, {"kaira-1.0.0/index.html": "<!doctype html><title>default</title>"})
    empty = {name.upper(): "" for name in Settings.model_fields if name != "port"}
    server = start(**empty)
    info = server.ask("/api/info").json()
    assert (info["release"], info["environment"]) == ("dev", "development")
    assert b"default" in server.ask("/").body
    assert len(server.workers()) >= 1


@pytest.mark.parametrize("command", [None, UVICORN], ids=["kaira serve", "uvicorn"])
def test_the_environment_stands_above_the_file_and_the_file_above_nothing(
    start: Callable[..., Server], tmp_path: Path, command: list[str] | None
) -> None:
    write(tmp_path, PAGE)
    write(tmp_path, {".env": "SITE_DIR=site\nRELEASE=from-file\nENVIRONMENT=production\nOTHER=x\n"})
    server = start(command, ENVIRONMENT="test")
    info = server.ask("/api/info").json()
    assert (info["release"], info["environment"]) == ("from-file", "test")
    assert server.ask("/").status == 200


def test_names_in_lower_case_and_values_in_capitals_are_read(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path, PAGE)
    server = start(site_dir="site", ENVIRONMENT="Production", LOG_LEVEL="WARNING")
    assert server.ask("/api/info").json()["environment"] == "production"
    assert all(entry["level"] != "info" for entry in server.entries())


def test_documentation_of_the_api_is_there_for_debugging_only(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path, PAGE)
    for debug, status in (("true", 200), ("false", 404)):
        server = start(SITE_DIR="site", DEBUG=debug)
        for path in ("/docs", "/openapi.json"):
            assert server.ask(path).status == status


def test_client_addresses_are_taken_from_trusted_proxies_only(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    # Seen from outside: a redirect never takes its host or scheme from such a header.
    write(tmp_path, {"site/shop/index.html": "x"})
    server = start(SITE_DIR="site", FORWARDED_ALLOW_IPS="10.0.0.1")
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript",
              "Forwarded": "host=evil.example", "X-Forwarded-Prefix": "//evil.example"}  # fmt: skip
    assert server.ask("/shop", headers=forged).headers["location"] == "/shop/"


def test_the_command_says_its_version_and_what_it_can(tmp_path: Path) -> None:
    from kaira_fastapi_poetry import __version__

    assert kaira("--version", folder=tmp_path).stdout == f"kaira {__version__}\n"
    for arguments in ((), ("dance",), ("serve", "--dance")):
        done = kaira(*arguments, folder=tmp_path)
        assert done.returncode == 2 and "usage:" in done.stderr and not done.stdout
    assert "serve" in kaira("--help", folder=tmp_path).stdout


def test_the_example_file_has_every_variable(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / ".env.example"
    text = example.read_text()
    missing = [name for name in Settings.model_fields if f"{name.upper()}=" not in text]
    assert not missing
    write(tmp_path, {".env": text})
    done = kaira("press", folder=tmp_path)
    assert (
        os.linesep + "kaira: SITE_DIR" in "\n" + done.stderr
    )  # read, and only the site is missing
