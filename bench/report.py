"""The table and the plot, and whether the targets were met."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

from bench.runner import Result

DOCS = Path(__file__).parents[1] / "docs/bench"
RAW = "raw ASGI"
KAIRA = "kaira, as shipped"
EDGE = "kaira's edge, from its cache"


@dataclass(frozen=True)
class Target:
    """What is to be reached: the median ratio of `who` to `whom`, at least or at most."""

    who: str
    whom: str
    ratio: float
    at_least: bool = True


TARGETS = {
    "small.html": [
        Target(KAIRA, RAW, 0.85),
        Target(KAIRA, "Starlette StaticFiles", 10),
        Target(KAIRA, "Caddy file-server", 2),
        Target(EDGE, "nginx, from disk", 0.9),
    ],
    "cold start": [
        Target("kaira serve", "empty FastAPI, gunicorn", 1 / 1.3),
        Target("kaira, uvicorn", "empty FastAPI, uvicorn", 1 / 1.3),
    ],
}


def verdicts(measured: dict[str, list[Result]]) -> list[tuple[bool, str]]:
    """For each target of which both sides were measured: whether it was met, and in words."""
    found = []
    for what, targets in TARGETS.items():
        results = {result.name: result for result in measured.get(what, [])}
        for target in targets:
            if target.who in results and target.whom in results:
                low, ratio, high = results[target.who].against(results[target.whom])
                met = ratio >= target.ratio
                words = (
                    f"{what}: {target.who} against {target.whom}: {ratio:.2f} "
                    f"({low:.2f} to {high:.2f}), wanted {target.ratio:.2f}"
                )
                found.append((met, words))
    return found


def table(results: list[Result]) -> str:
    """A Markdown table, fastest first."""
    raw = next((result for result in results if result.name == RAW), None)
    lines = ["| contestant | requests/s | against raw ASGI | lowest to highest |",
             "| --- | ---: | ---: | --- |"]  # fmt: skip
    for result in sorted(results, key=lambda result: -result.median):
        low, ratio, high = result.against(raw) if raw else (1, 1, 1)
        lines.append(
            f"| {result.name} | {result.median:,.0f} | {ratio:.2f} | {low:.2f} to {high:.2f} |"
        )
    return "\n".join(lines)


def start_table(results: list[Result]) -> str:
    """A Markdown table of the time to the first answer."""
    lines = ["| start | seconds to the first 200 |", "| --- | ---: |"]
    lines += [f"| {result.name} | {1 / result.median:.2f} |" for result in results]
    return "\n".join(lines)


def plot(measured: dict[str, list[Result]], path: Path) -> None:
    """Bars of the ratio to raw ASGI, a panel a file."""
    files = [name for name in measured if name.endswith(".html")]
    with mpl.rc_context({"svg.hashsalt": "kaira", "font.size": 11, "svg.fonttype": "none"}):
        figure, panels = plt.subplots(1, len(files), figsize=(11, 4.2), sharey=True, squeeze=False)
        order = [each.name for each in sorted(measured[files[0]], key=lambda each: each.median)]
        for panel, name in zip(panels[0], files, strict=True):
            results = {result.name: result for result in measured[name]}
            ratios = [results[who].against(results[RAW]) for who in order]
            colours = ["#b8860b" if "kaira" in who else "#8a93a0" for who in order]
            middle = [ratio for _, ratio, _ in ratios]
            spread = [[m - low for low, m, _ in ratios], [high - m for _, m, high in ratios]]
            panel.barh(order, middle, color=colours, xerr=spread, ecolor="#444", capsize=2)
            panel.axvline(1, color="#444", linewidth=0.8, linestyle=":")
            for index, value in enumerate(middle):
                panel.text(value, index + 0.28, f" {value:.2f}", va="center", fontsize=9)
            panel.set_title(name, loc="left")
            panel.set_xlabel("requests a second, raw ASGI = 1")
            panel.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def write(measured: dict[str, list[Result]], versions: dict[str, str], how: str) -> None:
    """Write docs/bench/README.md and its plot."""
    DOCS.mkdir(parents=True, exist_ok=True)
    plot(measured, DOCS / "throughput.svg")
    parts = [
        "# How fast it is",
        "`make bench` prints and writes this again. Only the ratios mean anything: they are taken "
        "between neighbours of the same round, and the median of the rounds is quoted.",
        how,
        "Versions: " + ", ".join(f"{name} {number}" for name, number in versions.items()) + ".",
        "![Requests a second against raw ASGI](throughput.svg)",
    ]
    for name, results in measured.items():
        if name.endswith(".html"):
            parts += [f"## {name}", table(results)]
    if "cold start" in measured:
        parts += ["## Cold start", start_table(measured["cold start"])]
    marks = {True: "met", False: "**missed**"}
    parts += [
        "## Targets",
        "\n".join(f"- {marks[met]}: {words}" for met, words in verdicts(measured)),
    ]
    (DOCS / "README.md").write_text("\n\n".join(parts) + "\n")
