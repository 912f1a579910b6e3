"""No space left where metrics and heartbeats live: the site is served all the same."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.app.running import KAIRA, Server, environment, free_port, wait_until, write
from tests.conftest import require


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_site_is_served_and_one_line_says_what_is_missing(tmp_path: Path, workers: str) -> None:
    require(os.geteuid() == 0, "needs root: mounts small file systems")
    write(tmp_path / "site", {"index.html": "home", "large.bin": bytes(600_000)})
    port = free_port()
    # Not over /tmp itself: this checkout may lie below it.
    script = (
        "mount -t tmpfs -o size=16k tmpfs /dev/shm && mount -t tmpfs -o size=16k tmpfs small && "
        "{ dd if=/dev/zero of=/dev/shm/fill; dd if=/dev/zero of=small/fill; } 2> /dev/null; "
        f"exec '{KAIRA}' serve"
    )
    small = tmp_path / "small"
    small.mkdir()
    log = tmp_path / "log"
    with log.open("wb") as out, (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script], cwd=tmp_path, stdout=out, stderr=errors,
            start_new_session=True,
            env=environment(SITE_DIR="site", PORT=str(port), LOG_FORMAT="json",
                            WEB_CONCURRENCY=workers, TMPDIR=str(small)),
        )  # fmt: skip
    server = Server.__new__(Server)
    server.folder, server.port, server.process = tmp_path, port, process
    server.base, server.log, server.errors = f"http://127.0.0.1:{port}", log, tmp_path / "errors"
    try:
        server.wait()
        wait_until(lambda: len(server.workers()) == int(workers), "all workers")
        pids = [worker.pid for worker in server.workers()]
        for _ in range(50):
            assert server.ask("/").body == b"home"
            assert server.ask("/large.bin").status == 200
            assert server.ask("/api/info").status == 200
            assert server.ask("/metrics").status == 200
        assert [worker.pid for worker in server.workers()] == pids, "a worker was killed"
        warnings = [entry for entry in server.entries() if entry["level"] == "warning"]
        assert [entry["event"] for entry in warnings] == ["each worker counts for itself"]
        assert "No space left" in warnings[0]["reason"]
        assert "Traceback" not in server.tail
        assert server.terminate() == 0
        assert process.returncode != -signal.SIGBUS
    finally:
        server.stop()
