"""What the tools of the load print, and when it does not count."""

from __future__ import annotations

import pytest

from bench import report
from bench.contestants import ROOT, FailedError, edge_main, edge_upstreams
from bench.report import FAIL, PASS, Findings
from bench.runner import Result, WrongAnswerError
from bench.tls import EDGE, HANDSHAKES, PLAIN, REQUESTS, answered, secure_server, shaken

HEY = """\
Summary:
  Total:	2.0103 secs
  Requests/sec:	1197.2

Latency distribution:
  10% in 0.0081 secs

Status code distribution:
  [200]	2422 responses
"""

H2LOAD = """\
finished in 2.00s, 14327.50 req/s, 192.02MB/s
requests: 28881 total, 28945 started, 28881 done, 28881 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 28883 2xx, 0 3xx, 0 4xx, 0 5xx
"""


def test_what_hey_and_h2load_say_is_read() -> None:
    assert shaken(HEY) == 2422
    assert answered(H2LOAD) == 28881


@pytest.mark.parametrize(
    "output",
    [
        HEY + "\nError distribution:\n  [3]\tGet https://…: EOF\n",
        HEY + "  [429]\t7 responses\n",
        HEY.replace("[200]", "[503]"),
        "",
    ],
)
def test_a_handshake_that_failed_ends_the_run(output: str) -> None:
    with pytest.raises(WrongAnswerError):
        shaken(output)


@pytest.mark.parametrize(
    "output",
    [
        H2LOAD.replace("0 failed", "2 failed"),
        H2LOAD.replace("0 errored", "1 errored"),
        H2LOAD.replace("0 5xx", "3 5xx"),
        H2LOAD.replace("28881 succeeded", "0 succeeded"),
        "",
    ],
)
def test_a_request_over_http_2_that_failed_ends_the_run(output: str) -> None:
    with pytest.raises(WrongAnswerError):
        answered(output)


@pytest.mark.parametrize(("rate", "mark"), [(90, PASS), (89, FAIL)])
@pytest.mark.parametrize("heat", [HANDSHAKES, REQUESTS])
def test_the_edge_has_nine_tenths_of_plain_nginx(heat: str, rate: float, mark: str) -> None:
    found = Findings(tls={heat: [Result(EDGE, [rate]), Result(PLAIN, [100])]})
    assert [each for each, words in report.verdicts(found) if words.startswith(heat)] == [mark]


def test_the_table_is_against_plain_nginx() -> None:
    rows = report.tls_table([Result(EDGE, [90], 7), Result(PLAIN, [100], 7)]).splitlines()
    assert "against nginx, from disk" in rows[0]
    assert rows[3] == f"| {EDGE} | 90 | 0.90 | 0.90 to 0.90 | 7 |"


def test_the_edge_over_tls_is_measured_with_its_own_server() -> None:
    server = secure_server()
    assert "listen  127.0.0.1:PORT ssl;" in server
    assert "443" not in server.replace("# ", "")
    assert "include site/all.conf;" in server


def test_the_edge_has_one_worker_and_the_server_of_the_bench_alone() -> None:
    own = "worker_processes auto;\nhttp {\n    include edge/log.conf;\n    include servers/site.conf;\n}\n"
    assert edge_main(own) == (
        "worker_processes 1;\nhttp {\n    include edge/log.conf;\n    include servers/bench.conf;\n}\n"
    )


@pytest.mark.parametrize("own", ["http { }", "worker_processes auto;\nhttp {\n}\n"])
def test_an_edge_that_the_bench_does_not_know_ends_the_run(own: str) -> None:
    with pytest.raises(FailedError):
        edge_main(own)


def test_every_upstream_of_the_edge_is_the_one_application() -> None:
    own = (ROOT / "nginx/edge/upstreams.conf").read_text()
    upstreams = edge_upstreams(own, "127.0.0.1:9")
    assert upstreams.count("server 127.0.0.1:9 max_fails=0;") == own.count("\nupstream ") > 1
    assert "app" not in "".join(line for line in upstreams.splitlines() if "server " in line)
