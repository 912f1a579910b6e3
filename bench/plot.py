"""The plots: the same bytes for the same figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

from bench.deployments import Record
from bench.runner import Result

STYLE: Any = {"svg.hashsalt": "kaira", "font.size": 11, "svg.fonttype": "none"}
OURS, OTHERS = "#b8860b", "#8a93a0"


def plot(measured: dict[str, list[Result]], raw: str, path: Path) -> bool:
    """Bars of the ratio to raw ASGI, a panel a file; False if `raw`, the measure, is missing."""
    files = [name for name in measured if name.endswith(".html")] or list(measured)[:1]
    if not files or all(result.name != raw for result in measured[files[0]]):
        return False
    with mpl.rc_context(STYLE):
        figure, panels = plt.subplots(1, len(files), figsize=(11, 4.2), sharey=True, squeeze=False)
        order = [each.name for each in sorted(measured[files[0]], key=lambda each: each.median)]
        for panel, name in zip(panels[0], files, strict=True):
            results = {result.name: result for result in measured[name]}
            ratios = [results[who].against(results[raw]) for who in order]
            colours = [OURS if "kaira" in who else OTHERS for who in order]
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
    return True


def plot_losses(records: list[Record], path: Path) -> None:
    """Bars of the requests lost in one deployment: median, lowest and highest."""
    with mpl.rc_context(STYLE):
        figure, panel = plt.subplots(figsize=(11, 0.6 * len(records) + 1.2))
        found = [record.middle(lambda each: each.all_lost) for record in reversed(records)]
        names = [record.name for record in reversed(records)]
        middle = [lost for _, lost, _ in found]
        spread = [[lost - low for low, lost, _ in found], [high - lost for _, lost, high in found]]
        colours = [OURS if "blue-green" in name else OTHERS for name in names]
        panel.barh(names, middle, color=colours, xerr=spread, ecolor="#444", capsize=2)
        for index, (_, value, high) in enumerate(found):
            panel.annotate(f"{value:,.0f}", (high, index), (5, 0), textcoords="offset points",
                           va="center", fontsize=9)  # fmt: skip
        panel.set_xlim(left=0)
        panel.set_xlabel("requests lost in one deployment")
        panel.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
