"""Several workers: what is counted is right, whatever becomes of them."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kaira_fastapi_poetry import __version__
from tests.app.running import Server, wait_until, write

SITE = {"site/index.html": "home", "site/404.html": "lost"}


def served(server: Server) -> float:
    """Answers of the site server that have been counted."""
    return server.total("kaira_site_responses_total", code="200")


def assert_counted(server: Server, asked: float) -> None:
    """So many and no more; an answer is counted just after it is sent, so it may take a moment."""
    wait_until(lambda: served(server) >= asked, f"{asked} are counted", 3)
    assert served(server) == asked


def visit(server: Server, times: int) -> int:
    """Requests on connections of their own, so that all workers have some; returns how many."""
    for _ in range(times):
        assert server.ask("/").status == 200
    return times


@pytest.fixture
def two(start: Callable[..., Server], tmp_path: Path) -> Server:
    """A server with two workers, both of them there."""
    write(tmp_path, SITE)
    server = start(SITE_DIR="site", WEB_CONCURRENCY="2")
    wait_until(lambda: len(server.workers()) == 2, "two workers")
    return server


def test_every_scrape_counts_all_workers_exactly(two: Server) -> None:
    asked, seen = 0, 0.0
    for _ in range(40):
        asked += visit(two, 10)
        now = served(two)
        assert seen <= now <= asked
        assert_counted(two, asked)
        seen = now
    metrics = two.metrics()
    assert metrics['kaira_site_responses_total{code="200",coding="identity"}'] == asked
    assert metrics['kaira_site_response_bytes_total{coding="identity"}'] == asked * 4


def test_routes_are_counted_by_their_template(two: Server) -> None:
    for _ in range(30):
        two.ask("/api/info")
    assert two.total("http_requests_total", handler="/api/info") == 30


def test_a_thousand_paths_and_methods_make_no_new_series(two: Server) -> None:
    for path in ("/nothing", "/api/nothing", "/api/info", "/", "/.env"):
        for method in ("GET", "POST", "PROPFIND"):
            two.ask(path, method)
    two.exchange(b"rubbish\r\n\r\n", 1)
    before = set(two.metrics())
    with two.client() as client:
        for number in range(700):
            client.ask(f"/{number}/nothing-{number}?q={number}")
            client.ask(f"/api/{number}")
    for number in range(300):
        two.ask(f"/api/info/{number}", f"METHOD{number}", {"Host": f"host-{number}.example",
                "User-Agent": str(number), "Accept-Encoding": f"coding-{number}"})  # fmt: skip
    after = set(two.metrics())
    grown = {
        series for series in after - before if not re.search(r'le="|code="\d|status="\dxx', series)
    }
    assert not grown, sorted(grown)[:5]
    assert len(after) < 200


def test_processes_and_restarts_are_told(two: Server) -> None:
    for name in ("kaira_process_resident_memory_bytes", "kaira_process_private_memory_bytes",
                 "kaira_process_cpu_seconds_total", "kaira_process_start_time_seconds",
                 "kaira_process_open_fds"):  # fmt: skip
        values = {s: v for s, v in two.metrics().items() if s.startswith(name + "{")}
        assert len(values) == 3, name
        assert all(value > 0 for value in values.values()) or "cpu" in name
    assert (
        abs(two.metrics()['kaira_process_start_time_seconds{process="master"}'] - time.time()) < 60
    )
    assert two.total("kaira_worker_restarts_total") == 0


def test_the_release_is_told(two: Server) -> None:
    (told,) = [series for series in two.metrics() if series.startswith("kaira_release_info")]
    assert told == f'kaira_release_info{{release="dev",version="{__version__}"}}'


def test_a_killed_worker_is_replaced_and_nothing_is_forgotten(two: Server) -> None:
    asked = visit(two, 50)
    assert_counted(two, asked)
    for round_ in range(3):
        victim = two.workers()[round_ % 2]
        before = started(two)
        os.kill(victim.pid, signal.SIGKILL)
        wait_until(lambda: victim.pid not in [w.pid for w in two.workers()]  # noqa: B023
                   and len(two.workers()) == 2, "another worker")  # fmt: skip
        asked += visit(two, 20)
        assert_counted(two, asked)
        assert two.total("kaira_worker_restarts_total") == round_ + 1
        # The successor has the name of the one that died, and the other keeps its own.
        after = started(two)
        assert before.keys() == after.keys() and len(before) == 2
        assert sum(before[name] != after[name] for name in before) == 1


def started(server: Server) -> dict[str, float]:
    """When each worker did, by its name."""
    series = 'kaira_process_start_time_seconds{process="worker-'
    return {name: value for name, value in server.metrics().items() if name.startswith(series)}


def test_a_worker_that_hangs_is_replaced(start: Callable[..., Server], tmp_path: Path) -> None:
    write(tmp_path, SITE)
    server = start(SITE_DIR="site", WEB_CONCURRENCY="2", GUNICORN_CMD_ARGS="--timeout=3")
    wait_until(lambda: len(server.workers()) == 2, "two workers")
    asked = visit(server, 20)
    assert_counted(server, asked)
    victim = server.workers()[0].pid
    os.kill(victim, signal.SIGSTOP)
    wait_until(lambda: victim not in [w.pid for w in server.workers()]
               and len(server.workers()) == 2, "another worker", 15)  # fmt: skip
    asked += visit(server, 20)
    assert_counted(server, asked)


def test_recycled_workers_forget_nothing_and_leave_no_files(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path, SITE)
    server = start(SITE_DIR="site", WEB_CONCURRENCY="2", GUNICORN_CMD_ARGS="--max-requests=50")
    wait_until(lambda: len(server.workers()) == 2, "two workers")
    (folder,) = server.metrics_folders()
    before = len(list(folder.iterdir()))
    asked, seen, lost = 0, 0.0, 0
    for _ in range(400):
        try:
            if server.ask("/").status == 200:
                asked += 1
        except OSError:
            lost += 1
        if asked % 40 == 0:
            now = served(server)
            assert now >= seen
            seen = now
    assert lost == 0
    assert server.total("kaira_worker_restarts_total") >= 2
    assert asked <= served(server) <= asked + lost
    assert len(list(folder.iterdir())) == before
    assert server.terminate() == 0
    assert not folder.exists()


def test_a_reload_of_gunicorn_keeps_the_counts(two: Server) -> None:
    asked = visit(two, 20)
    old = {worker.pid for worker in two.workers()}
    two.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not old & {w.pid for w in two.workers()} and len(two.workers()) == 2,
               "new workers", 20)  # fmt: skip
    asked += visit(two, 20)
    assert_counted(two, asked)


def test_what_a_killed_server_left_behind_is_cleared_by_the_next(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"index.html": "home"})

    living, killed = start(SITE_DIR="site"), start(SITE_DIR="site")
    wait_until(lambda: bool(living.metrics_folders() and killed.metrics_folders()), "they count")
    (kept,), (left,) = living.metrics_folders(), killed.metrics_folders()
    killed.kill()
    assert left.exists()
    start(SITE_DIR="site")
    assert not left.exists()
    assert kept.exists() and living.ask("/metrics").status == 200
