"""The runner measures, and does not measure what answers wrongly."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench import files, runner
from bench.contestants import (
    Contestant,
    FailedError,
    MissingError,
    all_contestants,
    edge_server,
    stop,
)
from bench.runner import BROWSER, Heat, Result, WrongAnswerError, requests_a_second, throughput
from tests.conftest import require

WRK = """\
  3000 requests in 1.00s, 4.00MB read
Requests/sec:   2998.53
Transfer/sec:      4.00MB
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.write(tmp_path_factory.mktemp("bench") / "site")


@pytest.fixture
def tools() -> None:
    require(shutil.which("wrk"), "wrk")
    require(shutil.which("taskset"), "taskset")
    require(len(os.sched_getaffinity(0)) > 1, "two cores")


def contestant(name: str) -> Contestant:
    return next(each for each in all_contestants() if each.name == name)


def heat(site: Path, accept_encoding: str | None = None) -> Heat:
    return Heat("small", "small.html", (site / "small.html").read_bytes(), accept_encoding)


def saying(status: int, body: bytes, **headers: str) -> Contestant:
    """A contestant that answers everything in the same way."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    @contextmanager
    def start(_: Path) -> Iterator[str]:
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()

    return Contestant("other", start)


def test_two_contestants_are_measured_in_turn(tools: None, site: Path) -> None:
    told: list[str] = []
    found = throughput(
        [contestant("kaira, as shipped"), contestant("raw ASGI")],
        site,
        [heat(site), Heat("browser", "small.html", heat(site).expected, BROWSER)],
        rounds=2,
        seconds=1,
        tell=told.append,
    )
    kaira, raw = found["small"]
    assert [len(result.requests) for result in (kaira, raw)] == [2, 2]
    assert min(kaira.requests + raw.requests) > 100
    assert kaira.size == raw.size == files.SIZES["small.html"]
    pressed, _ = found["browser"]
    assert 0 < pressed.size < kaira.size
    assert len(told) == 4  # a line for each round of each heat


@pytest.mark.parametrize(("status", "body"), [(200, b"another page"), (404, None), (500, None)])
def test_a_contestant_that_answers_wrongly_ends_the_run(
    tools: None, site: Path, status: int, body: bytes | None
) -> None:
    wrong = saying(status, (site / "small.html").read_bytes() if body is None else body)
    with pytest.raises(WrongAnswerError, match="other"):
        throughput([wrong], site, [heat(site)], rounds=1, seconds=1, tell=print)


def test_an_edge_that_does_not_answer_from_its_cache_ends_the_run(tools: None, site: Path) -> None:
    page = (site / "small.html").read_bytes()
    missing = saying(200, page, cache_status="kaira; fwd=uri-miss")
    edge = Contestant("edge", missing.start, cached=True)
    with pytest.raises(WrongAnswerError, match="cache"):
        throughput([edge], site, [heat(site)], rounds=1, seconds=1, tell=print)


def test_a_contestant_that_this_machine_cannot_run_is_skipped_with_its_reason(site: Path) -> None:
    def start(_: Path) -> AbstractContextManager[str]:
        raise MissingError("needs a Docker")

    told: list[str] = []
    found = throughput(
        [Contestant("other", start)], site, [heat(site)], rounds=0, seconds=1, tell=told.append
    )
    assert found == {"small": []}
    assert told[0] == "skipped: other: needs a Docker"


def test_a_contestant_that_does_not_start_is_not_skipped(site: Path) -> None:
    def start(_: Path) -> AbstractContextManager[str]:
        raise FailedError("it did not start")

    with pytest.raises(FailedError):
        throughput([Contestant("other", start)], site, [], rounds=0, seconds=1, tell=print)


def test_the_edge_is_measured_with_its_own_server() -> None:
    server = edge_server()
    assert "127.0.0.1:PORT" in server
    assert "$stranger" in server
    assert "include site/all.conf;" in server


def test_stopping_takes_the_workers_too() -> None:
    parent = subprocess.Popen(
        ["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True
    )
    assert parent.stdout is not None
    with parent.stdout as lines:
        lines.readline()
        stop(parent)
        assert lines.read() == b""  # ends only when the child has let go of the other end


def test_requests_a_second_are_read_from_what_wrk_prints() -> None:
    assert requests_a_second(WRK) == 2998.53


@pytest.mark.parametrize(
    "line",
    [
        "Non-2xx or 3xx responses: 3",
        "Socket errors: connect 0, read 2, write 0, timeout 0",
        "Requests/sec:      0.00",
    ],
)
def test_a_round_with_failed_requests_does_not_count(line: str) -> None:
    output = WRK.replace("Requests/sec:   2998.53", line) if "sec" in line else WRK + line
    with pytest.raises(WrongAnswerError):
        requests_a_second(output)


def test_the_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    mine, its = Result("a", [10, 90, 30]), Result("b", [10, 100, 10])
    assert mine.median == 30
    assert mine.against(its) == (0.9, 1.0, 3.0)


def test_the_files_are_the_same_each_time(tmp_path: Path, site: Path) -> None:
    again = files.write(tmp_path / "again")
    for name, size in files.SIZES.items():
        assert (again / name).read_bytes() == (site / name).read_bytes()
        assert (again / name).stat().st_size == size


def test_the_load_has_a_core_of_its_own() -> None:
    assert runner.LOAD_CORE != runner.SERVER_CORE
