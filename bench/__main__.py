"""`python -m bench`: measure, print, write docs/bench.

Exit codes: 0 done, 1 a target was missed (with --check), 2 something is missing, does not start
or answers wrongly. A whole run with --check fails too where a target could not be measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import coldstart, files, machine, report
from bench.appengine import appengine_starts
from bench.contestants import (
    JSON_ROUTE,
    FailedError,
    MissingError,
    all_contestants,
    json_contestants,
    versions,
)
from bench.deployments import all_ways, deployments
from bench.memory import idle_memory
from bench.runner import BROWSER, CONNECTIONS, Heat, Result, WrongAnswerError, throughput
from bench.tls import tls
from bench.visitors import EACH_SECOND, UNDERWAY, VISITORS
from bench.watched import SECONDS, watched

START_ROUNDS = 30


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison; returns the exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminated)
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            print(f"bench: needs {tool}: `make lab` installs it", file=sys.stderr)
            return 2
    if not {0, 1} <= os.sched_getaffinity(0):
        print("bench: needs two cores, one for the server and one for wrk", file=sys.stderr)
        return 2
    rounds, seconds = (3, 1) if options.quick else (5, 2)
    busy = machine.load_average()
    if busy > machine.BUSY:
        tell(f"others are at work here (load {busy:.1f}): spreads will be wide")
    try:
        findings = _measure(options, rounds, seconds)
    except (WrongAnswerError, FailedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    how = _how(rounds, seconds, busy)
    # What is in the repository comes from whole runs only.
    folder = options.output or (None if options.quick or options.only else report.DOCS)
    if folder is not None:
        report.write(findings, versions(), how, folder)
        tell(f"written to {folder}")
    _print(findings)
    failing = {report.FAIL} if options.quick or options.only else {report.FAIL, report.UNMEASURED}
    missed = any(mark in failing for mark, _ in report.verdicts(findings))
    return 1 if options.check and missed else 0


def tell(line: str) -> None:
    """Progress."""
    print(f"==> {line}", file=sys.stderr, flush=True)


# Private


def _terminated(*_: object) -> None:
    """Leave as after an error: whoever was started is stopped on the way out."""
    sys.exit(128 + signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Compare with peers.")
    parser.add_argument("--quick", action="store_true", help="the small file, in short rounds")
    parser.add_argument("--check", action="store_true", help="exit 1 if a target was missed")
    parser.add_argument("--output", type=Path, help="write README.md and plot to this folder")
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="contestants whose name contains it; so may those of whole parts: "
        '"TLS", "cold start", "App Engine", "memory", "monitoring", "deployment"; may be repeated',
    )
    return parser


def _measure(options: argparse.Namespace, rounds: int, seconds: int) -> report.Findings:
    def wanted(name: str) -> bool:
        return not options.only or any(each.lower() in name.lower() for each in options.only)

    findings = report.Findings()
    with tempfile.TemporaryDirectory() as folder:
        site = files.write(Path(folder) / "site")
        everyone = [each for each in all_contestants() if wanted(each.name)]
        heats = _heats(site, ["small.html"] if options.quick else list(files.SIZES))
        for runners, run in (
            (everyone, heats),
            ([each for each in json_contestants() if wanted(each.name)], [_json_heat()]),
        ):
            if runners:
                findings.throughput.update(
                    throughput(runners, site, run, rounds=rounds, seconds=seconds, tell=tell)
                )
        if wanted("TLS"):
            try:
                findings.tls.update(tls(site, rounds=3 * rounds, seconds=seconds, tell=tell))
            except MissingError as reason:
                tell(f"skipped: TLS: {reason}")
        findings.starts.extend(_starts(site, wanted, 3 if options.quick else START_ROUNDS))
    if wanted("memory"):
        try:
            coldstart.build_image(tell=tell)
            findings.memory.update(idle_memory(coldstart.IMAGE, tell=tell))
        except MissingError as reason:
            tell(f"skipped: memory: {reason}")
    if wanted("monitoring") and not options.quick:
        try:
            coldstart.build_image(tell=tell)
            results, memory = watched(coldstart.IMAGE, rounds=rounds, tell=tell)
            findings.watched.extend(results)
            findings.watchers.update(memory)
        except MissingError as reason:
            tell(f"skipped: monitoring: {reason}")
    ways = all_ways() if wanted("deployment") else [way for way in all_ways() if wanted(way.name)]
    if ways:
        try:
            findings.deployments.extend(
                deployments(ways, rounds=1 if options.quick else rounds, tell=tell)
            )
        except MissingError as reason:
            tell(f"skipped: deployments: {reason}")
    return findings


def _starts(site: Path, wanted: Callable[[str], bool], rounds: int) -> list[Result]:
    found = []
    if wanted("cold start"):
        found += coldstart.cold_starts(site, rounds=rounds, tell=tell)
    if wanted("cold start") or wanted("App Engine"):
        try:
            found += appengine_starts(rounds=rounds, tell=tell)
        except MissingError as reason:
            tell(f"skipped: App Engine: {reason}")
    return found


def _heats(site: Path, names: list[str]) -> list[Heat]:
    plain = [Heat(name, name, (site / name).read_bytes()) for name in names]
    pressed = [
        Heat(f"{heat.name} as a browser asks for it", heat.path, heat.expected, BROWSER)
        for heat in plain
    ]
    return plain + pressed


def _json_heat() -> Heat:
    return Heat("a route in JSON", JSON_ROUTE, None)


def _how(rounds: int, seconds: int, busy: float) -> str:
    sizes = ", ".join(f"{name}: {size:,} bytes" for name, size in files.SIZES.items())
    return f"""\
Each server has one core; `wrk` has the other, with {CONNECTIONS} keep-alive connections, \
{rounds} rounds of {seconds} s in turn, after one to warm up. All serve the same files ({sizes}), \
and what they send is compared with them first; one failed request ends the run.

- The application runs as shipped: `kaira serve`, one worker, pressed bundle, security headers, \
metrics and logs on. It sends prepared answers past uvicorn's own path for headers, which is why \
it can be ahead of raw ASGI: a constant answer with two headers on gunicorn and uvicorn as they \
come.
- The edge is `nginx/` as it is, with one worker, on the host's network. nginx from disk has the \
same `nginx/edge/` (log, limits, timeouts, how bytes are sent), and \
`add_header` gives it the edge's headers: as many, and 19 bytes less, as its own ETag is \
shorter. It opens the file for each request, as nginx does if nothing is said; the edge keeps the \
files of its cache open (`open_file_cache`), and so does "files kept open". The target is against \
the former.
- "No cache" has nginx and the application share the one core.
- "As a browser asks for it" is `Accept-Encoding: {BROWSER}`: the bytes of body say what that is \
worth. Raw ASGI stays uncompressed there.
- TLS is the edge's own server for HTTPS against one small server of the same nginx: the same \
certificate (P-256, signed by itself), `nginx/tls/protocol.conf`, files, headers and log. Each \
handshake is a new connection that resumes nothing and asks for one tiny page (`hey`, 16 at once); \
HTTP/2 is 8 connections with 8 requests at once (`h2load`). Who asks has as much to compute as \
nginx, which therefore often waits: what counts is what nginx does for each second that it had the \
processor, in {3 * rounds} rounds.
- Cold start is from the start of the process to the first 200 from `/`, asked for every 5 ms, \
{START_ROUNDS} times in turn, forwards and backwards, in the image where there is Docker, all \
bytecode cached.
- On App Engine means app.yaml's entrypoint on what `make appengine` has prepared, and the empty \
application on the same server, in a container of App Engine's Python with what requirements.txt \
lists, compiled, in 256 MB and with half a CPU, of which who asks takes a part. The application is \
compiled by `make appengine` if it finds that Python, and else at each start.
- Memory is what `docker stats` says of docker-compose.prod.yml once the edge has fetched the site.
- Beside its monitoring: a route of the application in JSON, asked for through the edge. The site \
and docker-compose.monitoring.yml (without Grafana, which works when somebody looks at it) have \
one core together, `wrk` the other; rounds of {SECONDS} s with the monitoring let run and held \
still in turn.
- A deployment is one of the shop's own image, with {VISITORS} visitors on HTTP/1.1 who keep \
their connections alive and never try twice: {VISITORS * EACH_SECOND} requests a second, half of \
them for pages and half for a route that no cache may answer, each {UNDERWAY * 1000:.0f} ms \
underway to the server. Lost is what has no whole answer, or another one than 200. The time is \
from the start of the command, with the image there, to the first answer of the new version. \
`docker compose up` has the edge of docker-compose.prod.yml; `nginx -s reload` is \
`bench/peers/reload/`, which starts the new container beside the old one, waits for its health, \
writes the upstream anew, reloads and stops the old one 10 s later. nginx then closes connections \
that are idle, with requests on their way to them, unless it has `keepalive_min_timeout` (since \
1.27.4), which is off if nothing is said.

The machine: {machine.described()}; load before the run {busy:.1f}."""


def _print(findings: report.Findings) -> None:
    for heat, results in findings.throughput.items():
        print(f"\n{heat}\n{report.table(results)}")
    for heat, results in findings.tls.items():
        print(f"\n{heat}\n{report.tls_table(results)}")
    if findings.starts:
        print(f"\ncold start\n{report.start_table(findings.starts)}")
    if findings.memory:
        print(f"\nmemory, idle\n{report.memory_table(findings.memory)}")
    if findings.watched:
        print(f"\nbeside its monitoring\n{report.watched_table(findings.watched)}")
        print(f"\nmemory of the monitoring, idle\n{report.memory_table(findings.watchers)}")
    if findings.deployments:
        print(f"\none deployment, under load\n{report.deployment_table(findings.deployments)}")
        print(report.reasons(findings.deployments))
    print()
    for mark, words in report.verdicts(findings):
        print(f"{mark:12} {words}")


if __name__ == "__main__":
    sys.exit(main())
