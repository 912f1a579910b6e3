"""The machine that is measured on: what class it is, and whether it is busy."""

from __future__ import annotations

import os
import platform
from pathlib import Path

BUSY = 0.5  # load above this is somebody else's work


def described() -> str:
    """Cores, processor, memory and kernel; nothing that names the machine."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = ".".join(platform.release().split(".")[:2])
    return (
        f"{len(os.sched_getaffinity(0))} cores of {_processor()}, {gigabytes:.0f} GiB of memory, "
        f"{platform.system()} {kernel}, Python {platform.python_version()}"
    )


def load_average() -> float:
    """Processes that wanted a core, over the last minute."""
    return os.getloadavg()[0]


# Private


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
