"""The tables, and whether the targets were met."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.runner import Result

DOCS = Path(__file__).parents[1] / "docs/bench"
RAW = "raw ASGI"
KAIRA = "kaira, as shipped"
EDGE = "kaira's edge, from its cache"


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
        Target(EDGE, "nginx, from disk", 0.9),
    ],
    "large.html": [Target(EDGE, "nginx, from disk", 0.9)],
}
# Seconds to the first answer: at most so many times the other's.
START_TARGETS = [
    Target("kaira serve", "empty FastAPI, gunicorn", 1.3),
    Target("kaira, uvicorn", "empty FastAPI, uvicorn", 1.3),
]
IDLE_MB = 200.0  # the whole compose stack, at most

PASS, FAIL, UNMEASURED = "PASS", "FAIL", "not measured"


@dataclass(frozen=True)
class Findings:
    """All that was measured; what could not be is empty.

    throughput: by the name of a heat; memory: MB by service.
    """

    throughput: dict[str, list[Result]] = field(default_factory=dict)
    starts: list[Result] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)


def verdicts(findings: Findings) -> list[tuple[str, str]]:
    """For each target PASS, FAIL or UNMEASURED, and the target in words."""
    found = []
    for heat, targets in TARGETS.items():
        results = {result.name: result for result in findings.throughput.get(heat, [])}
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
        times = whom.median / who.median  # these are starts a second
        low, _, high = whom.against(who)
        mark = PASS if times <= target.ratio else FAIL
        found.append((mark, f"{words}: {times:.2f} ({low:.2f} to {high:.2f})"))
    words = f"memory of the idle compose stack, at most {IDLE_MB:g} MB"
    if findings.memory:
        total = sum(findings.memory.values())
        found.append((PASS if total <= IDLE_MB else FAIL, f"{words}: {total:.0f} MB"))
    else:
        found.append((UNMEASURED, words))
    return found


def table(results: list[Result]) -> str:
    """A Markdown table, fastest first."""
    raw = next((result for result in results if result.name == RAW), None)
    lines = ["| contestant | requests/s | against raw ASGI | lowest to highest | bytes of body |",
             "| --- | ---: | ---: | --- | ---: |"]  # fmt: skip
    for result in sorted(results, key=lambda result: -result.median):
        ratio = spread = ""
        if raw is not None:
            low, middle, high = result.against(raw)
            ratio, spread = f"{middle:.2f}", f"{low:.2f} to {high:.2f}"
        row = (result.name, f"{result.median:,.0f}", ratio, spread, f"{result.size:,}")
        lines.append(f"| {' | '.join(row)} |")
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


def write(findings: Findings, versions: dict[str, str], how: str, folder: Path = DOCS) -> None:
    """Write README.md and its plot into `folder`."""
    from bench.plot import plot  # noqa: PLC0415  # matplotlib: only who writes needs it

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
    if findings.starts:
        parts += ["## Cold start", start_table(findings.starts)]
    if findings.memory:
        parts += ["## Memory, idle", memory_table(findings.memory)]
    parts += [
        "## Targets",
        "\n".join(f"- {mark}: {words}" for mark, words in verdicts(findings)),
    ]
    (folder / "README.md").write_text("\n\n".join(parts) + "\n")
