"""`kaira logs`: what it shows, what it leaves out, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.app.running import KAIRA, environment, kaira

EDGE = {"timestamp": "2026-01-31T12:00:00.123Z", "level": "info", "event": "request",
        "request_id": "0123456789abcdef0123456789abcdef", "method": "GET", "path": "/about/",
        "status": 200, "bytes": 12345, "duration_seconds": 0.004, "coding": "br", "cache": "HIT",
        "upstream": "", "host": "shop.example", "client": "192.0.2.7"}  # fmt: skip
SLOW = {**EDGE, "request_id": "fedcba9876543210fedcba9876543210", "path": "/api/info",
        "cache": "", "status": 504, "level": "error", "duration_seconds": 3.5}  # fmt: skip
FAILED = {"timestamp": "2026-01-31T12:00:00.123456Z", "level": "error", "event": "request failed",
          "request_id": "0123456789abcdef0123456789abcdef", "exception": "Traceback\n  x"}  # fmt: skip
DEPLOYED = {"timestamp": "2026-01-31T12:00:00Z", "level": "info", "event": "deployment",
            "outcome": "rolled back", "colour": "green", "duration_seconds": 31.5}  # fmt: skip


def shown(folder: Path, *options: str, text: str = "") -> list[str]:
    (folder / "lines").write_text(text or lines(EDGE, SLOW, FAILED, DEPLOYED))
    done = kaira("logs", *options, "lines", folder=folder)
    assert done.returncode == 0 and not done.stderr
    return done.stdout.splitlines()


def lines(*entries: dict[str, object]) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def test_a_line_reads_from_left_to_right(tmp_path: Path) -> None:
    assert shown(tmp_path) == [
        "2026-01-31 12:00:00.123 info     request GET /about/ 200 12.3kB 0.004s HIT id=01234567 client=192.0.2.7",
        "2026-01-31 12:00:00.123 error    request GET /api/info 504 12.3kB 3.500s id=fedcba98 client=192.0.2.7",
        "2026-01-31 12:00:00.123 error    request failed id=01234567",
        "    Traceback",
        "      x",
        '2026-01-31 12:00:00.000 info     deployment 31.500s outcome="rolled back" colour=green',
    ]


@pytest.mark.parametrize(
    "prefix", ["app-1  | ", "\x1b[36mapp-1  | \x1b[0m", "app-1 "], ids=["compose", "colours", "aws"]
)
def test_what_stands_before_the_object_is_who_said_it(tmp_path: Path, prefix: str) -> None:
    assert "app-1        request GET" in shown(tmp_path, text=prefix + lines(EDGE))[0]


@pytest.mark.parametrize(
    "line", ["==> 0.1 s  preflight", '{"no": "event"}', '{"event": "cut of', "[1, 2]", "한글"]
)
def test_a_line_that_is_none_of_ours_is_passed_on_as_it_is(tmp_path: Path, line: str) -> None:
    assert shown(tmp_path, text=line + "\n") == [line]
    assert shown(tmp_path, "--level", "debug", text=line + "\n" + lines(EDGE))[0].startswith("2026")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--status", "5xx"], [SLOW]),
        (["--status", "504"], [SLOW]),
        (["--status", "200-399"], [EDGE]),
        (["--status", "200,5xx"], [EDGE, SLOW]),
        (["--status", "404"], []),
        (["--slower", "1"], [SLOW]),  # a deployment is no answer
        (["--slower", "0"], [EDGE, SLOW]),
        (["--level", "warning"], [SLOW, FAILED]),
        (["--request-id", "0123456789abcdef0123456789abcdef"], [EDGE, FAILED]),
        (["--request-id", "fedc"], [SLOW]),
        (["--request-id", "0123", "--status", "2xx"], [EDGE]),
    ],
)
def test_it_shows_what_is_asked_for(
    tmp_path: Path, options: list[str], wanted: list[dict[str, object]]
) -> None:
    told = [line for line in shown(tmp_path, *options) if line.startswith("2026")]
    assert len(told) == len(wanted)
    for line, entry in zip(told, wanted, strict=True):
        assert f" {entry['event']} " in line and str(entry.get("path", "")) in line


def test_one_request_is_told_with_all_there_is_of_it(tmp_path: Path) -> None:
    (line, *_) = shown(tmp_path, "--request-id", "0123")
    assert "id=0123456789abcdef0123456789abcdef" in line
    assert "host=shop.example" in line and "coding=br" in line and "upstream" not in line


@pytest.mark.parametrize(
    "options",
    [["--status", "9"], ["--status", "5x"], ["--status", "abc"], ["--slower", "x"], ["--level", "loud"]],
)  # fmt: skip
def test_what_cannot_be_asked_is_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    done = kaira("logs", *options, folder=tmp_path)
    assert done.returncode == 2 and options[0] in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = kaira("logs", "nothing", folder=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("kaira: ")
    assert done.stderr.count("\n") == 1


def start(tmp_path: Path, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [KAIRA, "logs", *options], cwd=tmp_path, env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_it_follows_each_line_as_it_comes(tmp_path: Path) -> None:
    with start(tmp_path, "--status", "2xx") as process:
        assert process.stdin and process.stdout
        for number in range(3):
            process.stdin.write(lines(SLOW, {**EDGE, "path": f"/{number}"}).encode())
            process.stdin.flush()
            assert f"/{number} ".encode() in process.stdout.readline()  # else the test times out
        process.stdin.close()
        assert process.wait(10) == 0


def test_it_ends_without_a_word_when_its_reader_has_gone(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(lines(EDGE).encode())
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(lines(EDGE, EDGE).encode())
        process.stdin.close()
        assert process.wait(10) == 0 and process.stderr.read() == b""


def test_it_ends_without_a_word_on_ctrl_c(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(lines(EDGE).encode())
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130 and process.stderr.read() == b""


def test_colours_are_for_terminals_and_nobody_s_bytes_steer_one(tmp_path: Path) -> None:
    hostile = {**SLOW, "path": "/\x1b[2J\x9b2J\r\n\u202e"}
    (tmp_path / "lines").write_text(lines(hostile) + "raw\x1b]0;title\x07\n")
    ours, theirs = pty.openpty()
    subprocess.run(
        [KAIRA, "logs", "lines"], cwd=tmp_path, env=environment(), stdout=theirs, check=True
    )
    time.sleep(0.1)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    assert said.startswith("\x1b[31m2026") and said.count("\x1b") == 2 and "\x1b[0m" in said
    assert "\\x1b[2J" in said and "raw\\x1b]0;title" in said and "\u202e" not in said
    assert "\x1b" not in "".join(shown(tmp_path, text=lines(hostile)))


def test_serving_does_not_load_it(tmp_path: Path) -> None:
    code = "import sys; from kaira_fastapi_poetry import cli, app, serve; sys.exit('logview' in str(list(sys.modules)))"
    python = Path(KAIRA).with_name("python")
    assert (
        subprocess.run(
            [python, "-c", code], cwd=tmp_path, env=environment(), check=False
        ).returncode
        == 0
    )
