"""Metrics across gunicorn's workers.

Each worker has a slot, a small number that its successor takes over, and prometheus_client
keeps a worker's values in files named by the slot and not by the process. So a counter goes
on where the dead worker's stood, and there are never more files than slots.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import prometheus_client.values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    import psutil

MASTER = "master"
_LOCK = "lock"
_MEMORY = "/dev/shm"  # noqa: S108

# The files are written through memory maps. On a full disk that kills the writer (SIGBUS),
# unless the blocks are there beforehand. 64 kB holds some 300 series.
_FILE_BYTES = 64 * 1024
_FILE_KINDS = ("counter", "histogram")

# Which process has which slot, in memory that all of them share; none where there is one process.
_holders: memoryview[int] = memoryview(b"").cast("q")


def scratch_dir() -> str:
    """A folder for heartbeats and metrics: in memory, and writable under a read-only root.

    What is made in it gets a name and rights of its own (`mkdtemp`, `mkstemp`).
    """
    return _MEMORY if os.access(_MEMORY, os.W_OK) else tempfile.gettempdir()


class SharedMetrics:
    """The folder of files in which the workers keep their values.

    To be made before any metric is: see `metrics`.

    workers: how many there are. A reload has two generations at once, so there are twice as
    many slots.
    Raises OSError if there is no space for the files.
    """

    def __init__(self, workers: int) -> None:
        _remove_leftovers()
        made = Path(tempfile.mkdtemp(prefix="kaira-new-", dir=scratch_dir()))
        # Held as long as this process or one of its workers lives, however it ends.
        self._lock = (made / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.directory = made.rename(made.with_name(made.name.replace("new", "metrics", 1)))
        self._owner = os.getpid()
        self.slot = MASTER
        self._slots = [str(number) for number in range(2 * workers)]
        global _holders  # noqa: PLW0603  # one server in a process
        _holders = memoryview(mmap.mmap(-1, 8 * len(self._slots))).cast("q")
        try:
            for slot in (MASTER, *self._slots):
                for kind in _FILE_KINDS:
                    with (self.directory / f"{kind}_{slot}.db").open("wb") as file:
                        os.posix_fallocate(file.fileno(), 0, _FILE_BYTES)
        except OSError:
            self.remove()
            raise
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.directory)
        prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(
            lambda: self.slot  # type: ignore[no-untyped-call]
        )

    def free_slot(self, taken: set[str]) -> str:
        """A slot for the next worker, of those that no living worker has."""
        return next((slot for slot in self._slots if slot not in taken), f"extra{len(taken)}")

    def take(self, slot: str) -> None:
        """This process, a worker, has that slot from now on."""
        self.slot = slot
        if slot in self._slots:
            _holders[int(slot)] = os.getpid()

    def remove(self) -> None:
        """At the end. A worker, which has a copy of this object, does not remove anything."""
        if os.getpid() == self._owner:
            shutil.rmtree(self.directory, ignore_errors=True)


class WorkerCollector(Collector):
    """What the operating system says of the processes: multiprocess mode does not tell.

    The worker that is asked reports on the master and all its workers, each by its slot, so that
    a successor goes on with the series; a server without workers reports on itself.
    """

    def collect(self) -> Iterator[Metric]:
        """Yields the memory, CPU, age and open files of each process."""
        import psutil  # noqa: PLC0415  # not at start: nobody asks before the site is up

        memory = GaugeMetricFamily(
            "kaira_process_resident_memory_bytes",
            "Memory of a process, pages that it shares with the others included.",
            labels=["process"],
        )
        own = GaugeMetricFamily(
            "kaira_process_private_memory_bytes",
            "Memory that only this process has: what would be free again if it ended.",
            labels=["process"],
        )
        cpu = CounterMetricFamily(
            "kaira_process_cpu_seconds", "CPU time of a process.", labels=["process"]
        )
        started = GaugeMetricFamily(
            "kaira_process_start_time_seconds",
            "When a process started, in seconds since the epoch.",
            labels=["process"],
        )
        files = GaugeMetricFamily(
            "kaira_process_open_fds", "Open file descriptors of a process.", labels=["process"]
        )
        for name, process in _processes():
            try:
                with process.oneshot():
                    used = process.memory_full_info()
                    times = process.cpu_times()
                    memory.add_metric([name], used.rss)
                    own.add_metric([name], used.uss)
                    cpu.add_metric([name], times.user + times.system)
                    started.add_metric([name], process.create_time())
                    files.add_metric([name], process.num_fds())
            except psutil.Error:  # it has just ended, or belongs to someone else
                continue
        yield from (memory, own, cpu, started, files)


# Private


def _remove_leftovers() -> None:
    """Remove the folders of servers that were killed: those that nobody holds the lock of."""
    for folder in Path(scratch_dir()).glob("kaira-metrics-*"):
        try:
            with (folder / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # somebody's who lives, or another user's
            continue


def _processes() -> Iterator[tuple[str, psutil.Process]]:
    import psutil  # noqa: PLC0415

    this = psutil.Process()
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        yield "worker", this
        return
    master = this.parent()
    if master is None:
        return
    yield MASTER, master
    slots = {pid: slot for slot, pid in enumerate(_holders)}
    for child in master.children():
        if child.pid in slots:
            yield f"worker-{slots[child.pid]}", child
