"""`make endurance`: half an hour of load while workers are replaced; into docs/endurance.md.

Nothing may grow: neither the series that the site tells, nor its files, nor its memory. Asked of
the Prometheus that watched it.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.edge.stack import ROOT, Stack
from tests.https.stack import build_image
from tests.monitoring.stack import Monitoring, Receiver, visitors

PAGE = ROOT / "docs/endurance.md"
MINUTES, SETTLE = 30, 8  # of load; until what is kept is kept
WINDOW = 300  # seconds at the beginning, after SETTLE, and at the end, that are compared
RATE, CLIENTS = 25, 4  # requests a second, each
SITE = "kaira-endurance"
RIGHTLY = {"WorkersRestarting"}  # they are


class Measure(NamedTuple):
    """What is asked, and how much of it there may be at the end, of that at the beginning."""

    what: str
    what_ko: str
    expr: str
    most: float
    unit: str = ""


MEASURES = (
    Measure("series that the application tells", "애플리케이션이 내는 시계열",
            'max_over_time(scrape_samples_scraped{job="app"}[5m])', 1),
    Measure("series that the edge tells", "엣지가 내는 시계열",
            'max_over_time(scrape_samples_scraped{job="edge"}[5m])', 1),
    Measure("series in Prometheus", "Prometheus의 시계열",
            "max_over_time(prometheus_tsdb_head_series[5m])", 1.01),
    Measure("open files of the application", "애플리케이션이 연 파일",
            "sum(max_over_time(kaira_process_open_fds[5m]))", 1.1),
    Measure("open files of Prometheus", "Prometheus가 연 파일",
            'max_over_time(process_open_fds{job="prometheus"}[5m])', 1.1),
    Measure("memory of the application", "애플리케이션의 메모리",
            f'avg_over_time(kaira_container_memory_bytes{{name="{SITE}-app-1"}}[5m]) / 1e6',
            1.05, "MB"),
    Measure("memory of the edge", "엣지의 메모리",
            f'avg_over_time(kaira_container_memory_bytes{{name="{SITE}-nginx"}}[5m]) / 1e6',
            1.05, "MB"),
    Measure("memory of Prometheus", "Prometheus의 메모리",
            'avg_over_time(kaira_container_memory_bytes{name=~".+-prometheus-1"}[5m]) / 1e6',
            1.25, "MB"),  # it keeps two hours of samples in memory before it writes them
    Measure("memory of Alertmanager", "Alertmanager의 메모리",
            'avg_over_time(kaira_container_memory_bytes{name=~".+-alertmanager-1"}[5m]) / 1e6',
            1.05, "MB"),
    Measure("memory of the exporters together", "익스포터 전체의 메모리",
            "sum(avg_over_time(kaira_container_memory_bytes"
            '{name=~".+(exporter|blackbox|containers)-1"}[5m])) / 1e6', 1.05, "MB"),
)  # fmt: skip


def main() -> int:
    """Run, print, write the page. Exit codes: 0 nothing grew, 1 something did."""
    build_image()
    with ExitStack() as stack:
        receiver = Receiver()
        stack.callback(receiver.close)
        site = Stack(SITE, Path(__file__).with_name("recycling.yml"), WEB_CONCURRENCY="2")
        monitoring = Monitoring(site, receiver)
        for each in (monitoring, site):
            each.down()
        stack.callback(site.down)
        site.up()
        stack.callback(monitoring.down)
        monitoring.up()
        with ExitStack() as load:
            for _ in range(CLIENTS):
                load.enter_context(visitors(site, RATE))
            files = 0
            for minute in range(MINUTES):
                time.sleep(60)
                files = _files(site) if minute == SETTLE else files
                restarts = monitoring.value("sum(kaira_worker_restarts_total)")
                _say(f"minute {minute + 1} of {MINUTES}, {restarts:.0f} workers replaced")
        rows, grown = _compare(monitoring)
        more = _files(site) - files
        rows.append(
            f"| files in the folder of the metrics · 지표 폴더의 파일 | {files} | {files + more} | |"
        )
        asked = monitoring.value("sum(kaira_edge_requests_total)")
        errors = monitoring.value('sum(kaira_edge_requests_total{code=~"5.."}) or vector(0)')
        told = receiver.names("firing")
    page = _page(rows, asked, errors, restarts, told)
    print(page)
    PAGE.write_text(page)
    return 1 if grown or more > 0 or errors or told - RIGHTLY else 0


# Private


def _files(site: Stack) -> int:
    """How many files the workers share their values in."""
    return len(site.execute("app", "sh", "-c", "ls /dev/shm/kaira-metrics-*").split())


def _compare(monitoring: Monitoring) -> tuple[list[str], bool]:
    rows, grown = [], False
    end = time.time()
    begin = end - (MINUTES - SETTLE) * 60 + WINDOW
    for measure in MEASURES:
        first, last = (monitoring.value(f"{_at(measure.expr, at)}") for at in (begin, end))
        ratio = last / first
        grown = grown or ratio > measure.most
        values = " | ".join(f"{value:,.4g} {measure.unit}".strip() for value in (first, last))
        rows.append(f"| {measure.what} · {measure.what_ko} | {values} | {ratio:.2f} |")
    return rows, grown


def _at(expr: str, moment: float) -> str:
    """The same expression at another moment."""
    return expr.replace("[5m]", f"[5m] @ {moment:.0f}")


def _page(rows: list[str], asked: float, errors: float, restarts: float, told: set[str]) -> str:
    return "\n".join([
        "# Half an hour of load while workers are replaced · 워커를 바꿔 가며 30분 부하",
        "",
        "`make endurance` prints and writes this again. · `make endurance`가 다시 만드는 표입니다.",
        "",
        f"{asked:,.0f} requests, {errors:,.0f} errors, {restarts:,.0f} workers replaced, alerts:"
        f" {', '.join(sorted(told)) or 'none'}.",
        "",
        f"| | minutes {SETTLE} to {SETTLE + WINDOW // 60} | the last five | ratio |",
        "| --- | ---: | ---: | ---: |",
        *rows,
        "",
    ])  # fmt: skip


def _say(line: str) -> None:
    print(f"==> {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
