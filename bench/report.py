"""The tables, and whether the targets were met."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.deployments import Record
from bench.runner import Result
from bench.tls import EDGE, HANDSHAKES, PLAIN, REQUESTS
from bench.watched import ALONE, WATCHED

DOCS = Path(__file__).parents[1] / "docs/bench"
RAW = "raw ASGI"
KAIRA = "kaira, as shipped"


@dataclass(frozen=True)
class Target:
    """What is to be reached: the median ratio of `who` to `whom`, at least."""

    who: str
    whom: str
    ratio: float


TARGETS = {
    "small.html": [
        Target(KAIRA, RAW, 0.85),
        Target(KAIRA, "Starlette StaticFiles", 15),
        Target(KAIRA, "Caddy file-server", 2),
        Target(EDGE, PLAIN, 0.9),
    ],
    "large.html": [Target(EDGE, PLAIN, 0.9)],
}
TLS_TARGETS = {HANDSHAKES: [Target(EDGE, PLAIN, 0.9)], REQUESTS: [Target(EDGE, PLAIN, 0.9)]}
WATCHED_HEAT = "beside its monitoring"
WATCHED_TARGETS = {WATCHED_HEAT: [Target(WATCHED, ALONE, 0.97)]}
# Seconds to the first answer: at most so many times the other's.
START_TARGETS = [
    Target("kaira serve", "empty FastAPI, gunicorn", 1.3),
    Target("kaira, uvicorn", "empty FastAPI, uvicorn", 1.3),
    Target("kaira on App Engine", "empty FastAPI on App Engine", 1.3),
]
DEPLOYMENT = "./deploy-blue-green.sh"  # not one request lost in any round
SWITCH_SECONDS = 10.0  # from the image present to the new version, at most, in any round
IDLE_MB = 200.0  # the whole compose stack, at most
WATCHERS_MB = 400.0  # the whole monitoring, at most
GRAFANA_MB = 268.0  # its limit in docker-compose.monitoring.yml, 256 MiB; it is not measured

PASS, FAIL, UNMEASURED = "PASS", "FAIL", "not measured"


@dataclass(frozen=True)
class Findings:
    """All that was measured; what could not be is empty.

    throughput, tls: by the name of a heat; memory, watchers: MB by service.
    """

    throughput: dict[str, list[Result]] = field(default_factory=dict)
    starts: list[Result] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    tls: dict[str, list[Result]] = field(default_factory=dict)
    watched: list[Result] = field(default_factory=list)
    watchers: dict[str, float] = field(default_factory=dict)
    deployments: list[Record] = field(default_factory=list)


def verdicts(findings: Findings) -> list[tuple[str, str]]:
    """For each target PASS, FAIL or UNMEASURED, and the target in words."""
    found = []
    heats = findings.throughput | findings.tls | {WATCHED_HEAT: findings.watched}
    for heat, targets in (TARGETS | TLS_TARGETS | WATCHED_TARGETS).items():
        results = {result.name: result for result in heats.get(heat, [])}
        for target in targets:
            words = f"{heat}: {target.who} against {target.whom}, at least {target.ratio:g}"
            if target.who not in results or target.whom not in results:
                found.append((UNMEASURED, words))
                continue
            low, ratio, high = results[target.who].against(results[target.whom])
            mark = PASS if ratio >= target.ratio else FAIL
            found.append((mark, f"{words}: {ratio:.2f} ({low:.2f} to {high:.2f})"))
    starts = {result.name: result for result in findings.starts}
    for target in START_TARGETS:
        words = f"cold start: {target.who} against {target.whom}, at most {target.ratio:g}"
        if target.who not in starts or target.whom not in starts:
            found.append((UNMEASURED, words))
            continue
        who, whom = starts[target.who], starts[target.whom]
        low, times, high = whom.against(who)  # these are starts a second
        mark = PASS if times <= target.ratio else FAIL
        found.append((mark, f"{words}: {times:.2f} ({low:.2f} to {high:.2f})"))
    found += _deployment_verdicts(findings.deployments)
    words = f"memory of the idle compose stack, at most {IDLE_MB:g} MB"
    found.append(_memory_verdict(findings.memory, IDLE_MB, words))
    words = (
        f"memory of its idle monitoring, at most {WATCHERS_MB:g} MB,"
        f" of which Grafana may have {GRAFANA_MB:g}"
    )
    found.append(_memory_verdict(findings.watchers, WATCHERS_MB - GRAFANA_MB, words))
    return found


def table(results: list[Result], base: str = RAW, unit: str = "requests/s") -> str:
    """A Markdown table, fastest first, with the ratios to one of them."""
    measure = next((result for result in results if result.name == base), None)
    lines = [f"| contestant | {unit} | against {base} | lowest to highest | bytes of body |",
             "| --- | ---: | ---: | --- | ---: |"]  # fmt: skip
    for result in sorted(results, key=lambda result: -result.median):
        ratio = spread = ""
        if measure is not None:
            low, middle, high = result.against(measure)
            ratio, spread = f"{middle:.2f}", f"{low:.2f} to {high:.2f}"
        row = (result.name, f"{result.median:,.0f}", ratio, spread, f"{result.size:,}")
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def tls_table(results: list[Result]) -> str:
    """A Markdown table of what one core of nginx can do over TLS."""
    return table(results, PLAIN, "for a second of nginx's processor time")


def watched_table(results: list[Result]) -> str:
    """A Markdown table of what it costs to be watched."""
    lines = [f"| the site | requests/s | against {ALONE} | lowest to highest |",
             "| --- | ---: | ---: | --- |"]  # fmt: skip
    alone = next(result for result in results if result.name == ALONE)
    for result in results:
        low, middle, high = result.against(alone)
        lines.append(
            f"| {result.name} | {result.median:,.0f} | {middle:.2f} | {low:.2f} to {high:.2f} |"
        )
    return "\n".join(lines)


def start_table(results: list[Result]) -> str:
    """A Markdown table of the time to the first answer."""
    lines = ["| start | seconds to the first 200 | lowest to highest |", "| --- | ---: | --- |"]
    for result in results:
        low, high = 1 / max(result.requests), 1 / min(result.requests)
        lines.append(f"| {result.name} | {1 / result.median:.3f} | {low:.3f} to {high:.3f} |")
    return "\n".join(lines)


def memory_table(memory: dict[str, float]) -> str:
    """A Markdown table of MB by service."""
    lines = ["| service | MB |", "| --- | ---: |"]
    lines += [f"| {name} | {megabytes:.1f} |" for name, megabytes in memory.items()]
    return "\n".join([*lines, f"| together | {sum(memory.values()):.1f} |"])


def deployment_table(records: list[Record]) -> str:
    """A Markdown table of what was lost in one deployment."""
    lines = ["| deployed by | requests sent | lost | lowest to highest | pages, route "
             "| seconds to the new version | lowest to highest |",
             "| --- | ---: | ---: | --- | ---: | ---: | --- |"]  # fmt: skip
    for record in records:
        _, sent, _ = record.middle(lambda each: sum(each.sent.values()))
        least, lost, most = record.middle(lambda each: each.all_lost)
        _, pages, _ = record.middle(lambda each: each.lost["page"])
        _, route, _ = record.middle(lambda each: each.lost["route"])
        fastest, seconds, slowest = record.middle(lambda each: each.seconds)
        row = (record.name, f"{sent:,.0f}", f"{lost:,.0f}", f"{least:,.0f} to {most:,.0f}",
               f"{pages:,.0f}, {route:,.0f}", f"{seconds:.1f}",
               f"{fastest:.1f} to {slowest:.1f}")  # fmt: skip
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def reasons(records: list[Record]) -> str:
    """In what way requests were lost, a line for each way to deploy that lost any."""
    return "\n".join(
        f"- {record.name}: " + ", ".join(f"{count:,} {why}" for why, count in why.most_common())
        for record in records
        if (why := record.reasons())
    )


def write(findings: Findings, versions: dict[str, str], how: str, folder: Path = DOCS) -> None:
    """Write README.md and its plot into `folder`."""
    from bench.plot import plot, plot_losses  # noqa: PLC0415  # only who writes has matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        "# How fast it is",
        "`make bench` prints and writes this again. Only the ratios mean anything: they are taken "
        "between neighbours of the same round, and the median of the rounds is quoted.",
        how,
        "Versions: " + ", ".join(f"{name} {number}" for name, number in versions.items()) + ".",
    ]
    if plot(findings.throughput, RAW, folder / "throughput.svg"):
        parts.append("![Requests a second against raw ASGI](throughput.svg)")
    for heat, results in findings.throughput.items():
        parts += [f"## {heat}", table(results)]
    for heat, results in findings.tls.items():
        parts += [f"## {heat}", tls_table(results)]
    if findings.starts:
        parts += ["## Cold start", start_table(findings.starts)]
    if findings.memory:
        parts += ["## Memory, idle", memory_table(findings.memory)]
    if findings.watched:
        parts += ["## Beside its monitoring", watched_table(findings.watched)]
        parts += ["What the monitoring takes when idle:", memory_table(findings.watchers)]
    if findings.deployments:
        plot_losses(findings.deployments, folder / "losses.svg")
        parts += [
            "## One deployment, under load",
            "![Requests lost in one deployment](losses.svg)",
            deployment_table(findings.deployments),
        ]
        if why := reasons(findings.deployments):
            parts += ["How they were lost, all rounds together (a number is a status):", why]
    parts += [
        "## Targets",
        "\n".join(f"- {mark}: {words}" for mark, words in verdicts(findings)),
    ]
    (folder / "README.md").write_text("\n\n".join(parts) + "\n")


# Private


def _memory_verdict(memory: dict[str, float], most: float, words: str) -> tuple[str, str]:
    if not memory:
        return UNMEASURED, words
    total = sum(memory.values())
    return PASS if total <= most else FAIL, f"{words}: {total:.0f} MB"


def _deployment_verdicts(records: list[Record]) -> list[tuple[str, str]]:
    none_lost = f"one deployment by {DEPLOYMENT} under load: no request lost in any round"
    in_time = f"the same: at most {SWITCH_SECONDS:g} s to the new version in any round"
    ours = next((each for each in records if each.name == DEPLOYMENT), None)
    if ours is None:
        return [(UNMEASURED, none_lost), (UNMEASURED, in_time)]
    _, _, most = ours.middle(lambda each: each.all_lost)
    _, _, slowest = ours.middle(lambda each: each.seconds)
    sent = sum(sum(each.sent.values()) for each in ours.rounds)
    return [
        (PASS if most == 0 else FAIL, f"{none_lost}: at most {most:,} (of {sent:,} in all)"),
        (PASS if slowest <= SWITCH_SECONDS else FAIL, f"{in_time}: {slowest:.1f} s"),
    ]
