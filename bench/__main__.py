"""`python -m bench`: measure, print, write docs/bench.

Exit codes: 0 done, 1 a target was missed (with --check), 2 something is missing or answers
wrongly.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bench import files, report
from bench.coldstart import cold_starts
from bench.contestants import all_contestants, versions
from bench.runner import CONNECTIONS, Result, WrongAnswerError, throughput


def main() -> int:
    """Run the comparison; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--check", action="store_true", help="exit 1 if a target was missed")
    options = parser.parse_args()
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            print(f"bench: needs {tool}: `make lab` installs it", file=sys.stderr)
            return 2
    rounds, seconds = (3, 1) if options.quick else (7, 2)

    def tell(line: str) -> None:
        print(f"==> {line}", file=sys.stderr)

    measured: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory() as folder:
        site = files.write(Path(folder) / "site")
        try:
            for name in files.SIZES:
                measured[name] = throughput(
                    all_contestants(), site, name, rounds=rounds, seconds=seconds, tell=tell
                )
        except WrongAnswerError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
        measured["cold start"] = cold_starts(site, rounds=rounds, tell=tell)

    sizes = ", ".join(f"{name}: {size:,} bytes" for name, size in files.SIZES.items())
    how = (
        f"Each server has one core; `wrk` has the other, with {CONNECTIONS} keep-alive "
        f"connections, {rounds} rounds of {seconds} s in turn, after one to warm up. "
        f"All serve the same files ({sizes}), and what "
        "they send is compared with them first. The application runs as shipped: gunicorn, pressed "
        "bundle, security headers, metrics and logs on. Raw ASGI is a constant answer with two "
        "headers on the same server. nginx from disk has the edge's own configuration and sends "
        "the same headers as the edge."
    )
    report.write(measured, versions(), how)
    for name in files.SIZES:
        print(f"\n{name}\n{report.table(measured[name])}")
    print(f"\ncold start\n{report.start_table(measured['cold start'])}\n")
    verdicts = report.verdicts(measured)
    for met, words in verdicts:
        print(f"{'met   ' if met else 'MISSED'} {words}")
    return 1 if options.check and not all(met for met, _ in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
