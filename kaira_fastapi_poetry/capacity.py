"""What this machine, or the container around us, has to give: CPUs and memory."""

from __future__ import annotations

import os
from pathlib import Path

# What the first worker takes with all that it shares, and what each further one adds:
# measured on the shop with a few hundred requests in flight, and rounded up.
BASE_BYTES = 96 * 1024 * 1024
WORKER_BYTES = 48 * 1024 * 1024

_CGROUP = Path("/sys/fs/cgroup")


def worker_count(cgroup: Path = _CGROUP) -> int:
    """One worker for each CPU, as far as the memory goes; at least one."""
    return max(1, min(cpus(cgroup), (memory(cgroup) - BASE_BYTES) // WORKER_BYTES))


def cpus(cgroup: Path = _CGROUP) -> int:
    """CPUs that this process may use: its affinity, less what a container's quota takes."""
    if hasattr(os, "sched_getaffinity"):
        available = len(os.sched_getaffinity(0))
    else:  # macOS
        available = os.cpu_count() or 1
    quota, _, period = _read(cgroup / "cpu.max").partition(" ")  # version 2
    if not quota:
        quota = _read(cgroup / "cpu/cpu.cfs_quota_us")  # version 1; -1 is none
        period = _read(cgroup / "cpu/cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit() and int(period):
        available = min(available, max(1, int(quota) // int(period)))
    return available


def memory(cgroup: Path = _CGROUP) -> int:
    """Bytes that this process and its children may use in all."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read(cgroup / "memory.max") or _read(cgroup / "memory/memory.limit_in_bytes")
    return min(total, int(limit)) if limit.isdigit() else total


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
