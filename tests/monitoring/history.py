"""A past for a Prometheus that has none yet."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.edge.stack import run
from tests.monitoring.stack import Monitoring

EVERY, DAYS = 60, 3


def past(monitoring: Monitoring, series: Mapping[str, Callable[[float], float]]) -> None:
    """Write what these series were, up to a minute ago, before Prometheus is started.

    series: its value at each moment, in seconds since the epoch, by its name.
    """
    now = int(time.time()) - EVERY
    with tempfile.TemporaryDirectory() as folder:
        file, blocks = Path(folder) / "past.txt", Path(folder) / "blocks"
        with file.open("w") as out:
            for name, value in series.items():
                out.write(f"# TYPE {name} unknown\n")
                for at in range(now - DAYS * 86400, now, EVERY):
                    out.write(f"{name} {value(at)} {at}\n")
            out.write("# EOF\n")
        promtool = shutil.which("promtool")
        assert promtool, "needs promtool: `make lab` brings it"
        run(promtool, "tsdb", "create-blocks-from", "openmetrics", str(file), str(blocks))
        run("chmod", "-R", "a+rX", folder)
        # Made by compose, so that the volume is the one that it will use, and its user's.
        monitoring.compose("run", "--rm", "--no-deps", "-v", f"{blocks}:/past:ro", "--entrypoint",
                           "sh", "prometheus", "-c", "cp -r /past/. /prometheus/")  # fmt: skip
