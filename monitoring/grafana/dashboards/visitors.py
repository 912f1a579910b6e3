"""What visitors get: traffic, errors, latency and saturation, and how much may still go wrong."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as model

from monitoring.grafana.dashboards.board import Board
from monitoring.grafana.dashboards.host import FILESYSTEMS, PRESSURE, PRESSURE_EXPR
from monitoring.grafana.dashboards.panels import (
    About,
    Column,
    Query,
    by_colour,
    grid,
    number,
    series,
    states,
)
from monitoring.grafana.dashboards.serving import (
    FAILURES,
    REQUESTS,
    failed_share,
    quantile,
    who_serves,
)

# The promise: so much of what is asked over 30 days is answered without a failure.
OBJECTIVE = "99.9 %"
BUDGET = "0.001"

DURATION = "kaira_edge_request_duration_seconds_bucket"
FIRING = 'ALERTS_FOR_STATE and ignoring (alertstate) ALERTS{alertstate="firing"}'
# As long as Prometheus keeps anything.
FAILED_30_DAYS = f"sum(increase({FAILURES}[30d])) / (sum(increase({REQUESTS}[30d])) > 0)"


def dashboard() -> model.Dashboard:
    """The home page of Grafana."""
    board = Board(
        "visitors",
        About(
            "Visitors",
            "What visitors get: the four golden signals, and the error budget.",
            "방문자가 받는 것: 네 가지 황금 신호와 오류 예산.",
        ),
        hours=6,
    )
    _now(board)
    _traffic(board)
    _errors(board)
    _latency(board)
    _saturation(board)
    _outside(board)
    return board.build()


# Private


def _now(board: Board) -> None:
    board.row("Now")
    board.line(
        4,
        number(
            About("Requests", "Answered by nginx, over 5 minutes.", "nginx의 응답, 5분 평균."),
            "reqps",
            Query(f"sum(rate({REQUESTS}[5m]))"),
        ),
        number(
            About(
                "Failing",
                "Share of answers with 500, 502, 503 or 504, over 5 minutes. Above 0.1 % it eats "
                "the budget.",
                "500·502·503·504 응답의 비율, 5분. 0.1%를 넘으면 예산이 줄어듭니다.",
            ),
            "percentunit",
            Query(failed_share("5m")),
            steps=((None, "green"), (0.001, "orange"), (0.01, "red")),
        ),
        number(
            About(
                "Wait for a page",
                "All but a twentieth of the pages were there within this time, over 5 minutes; "
                "the visitor's line is included.",
                "페이지의 95%가 이 시간 안에 도착, 5분. 방문자의 회선 속도가 들어 있습니다.",
            ),
            "s",
            Query(quantile(0.95, DURATION.replace("bucket", 'bucket{kind="page"}'), "5m")),
            steps=((None, "green"), (1, "orange"), (2.5, "red")),
        ),
        number(
            About(
                "Availability, 30 days",
                f"Share of answers without a failure; the objective is {OBJECTIVE}.",
                f"실패하지 않은 응답의 비율. 목표는 {OBJECTIVE}입니다.",
            ),
            "percentunit",
            Query(f"1 - {FAILED_30_DAYS}"),
            steps=((None, "red"), (0.999, "green")),
            decimals=3,
        ),
        number(
            About(
                "Error budget left, 30 days",
                "Of the failures that the objective allows; below nothing it is broken. With "
                "little left, deploy less.",
                "목표가 허용하는 실패 가운데 남은 몫. 0보다 작으면 목표를 어긴 것입니다. "
                "적게 남았으면 배포를 줄이세요.",
            ),
            "percentunit",
            Query(f"1 - ({FAILED_30_DAYS}) / {BUDGET}"),
            steps=((None, "red"), (0, "orange"), (0.25, "green")),
            decimals=1,
        ),
        number(
            About(
                "Reached from outside, 30 days",
                "Share of probes of the home page that got it whole. It also sees what nginx "
                "cannot count: that nginx itself is away.",
                "첫 페이지를 온전히 받은 검사의 비율. nginx 자체가 없는 때도 여기에는 보입니다.",
            ),
            "percentunit",
            Query("min(avg_over_time(probe_success[30d]))"),
            steps=((None, "red"), (0.999, "green")),
            decimals=3,
        ),
    )
    board.line(
        5,
        grid(
            About(
                "What is told",
                "The alerts that fire, and for how long. Watchdog always does: without it no other "
                "would. What each means is in the runbooks, above.",
                "울리고 있는 알림과 지난 시간. Watchdog은 늘 울립니다. 이것이 없으면 다른 알림도 "
                "없습니다. 뜻은 위의 대응 절차에 있습니다.",
            ),
            {"severity": "Kind", "alertname": "Alert", "concern": "About"},
            Column("For", f"time() - max by (severity, alertname, concern) ({FIRING})", "s"),
        ),
    )


def _traffic(board: Board) -> None:
    board.row("Traffic")
    board.line(
        7,
        series(
            About(
                "Requests by kind",
                "Pages, files with a fingerprint in their name, and the API.",
                "페이지, 이름에 지문이 든 파일, API.",
            ),
            "reqps",
            Query(f"sum by (kind) (rate({REQUESTS}[$__rate_interval]))", "{{kind}}"),
            stacked=True,
        ),
        series(
            About(
                "Bytes sent",
                "Bodies that nginx has sent to visitors.",
                "nginx가 방문자에게 보낸 본문.",
            ),
            "Bps",
            Query("sum(rate(kaira_edge_response_bytes_total[$__rate_interval]))", "sent"),
        ),
        by_colour(
            series(
                About(
                    "Requests by colour",
                    "Which colour was live when they were answered.",
                    "응답할 때 서비스하던 색.",
                ),
                "reqps",
                Query(
                    "sum by (colour) (rate(kaira_edge_requests_total[$__rate_interval]))",
                    "{{colour}}",
                ),
                stacked=True,
            )
        ),
    )


def _errors(board: Board) -> None:
    board.row("Errors")
    board.line(
        7,
        series(
            About(
                "Failures by code",
                "What visitors saw. 500: the application; 502 to 504: it was away or too slow.",
                "방문자가 본 오류. 500은 애플리케이션, 502~504는 없거나 너무 느렸던 것.",
            ),
            "reqps",
            Query(f"sum by (code) (rate({FAILURES}[$__rate_interval]))", "{{code}}"),
            stacked=True,
        ),
        series(
            About(
                "Share that fails",
                "Failures among all answers. The line is what the objective allows.",
                "모든 응답 가운데 실패의 비율. 선은 목표가 허용하는 만큼.",
            ),
            "percentunit",
            Query(failed_share("$__rate_interval"), "failing"),
            limits=((float(BUDGET), "red"),),
        ),
        series(
            About(
                "Burn rate",
                "How many times faster than allowed the budget goes; at 1 it lasts 30 days. Above "
                "14.4 over an hour 2 % of it went in that hour: act now.",
                "예산이 허용치의 몇 배로 줄어드는지. 1이면 30일 갑니다. "
                "한 시간 동안 14.4를 넘으면 그 한 시간에 2%가 사라집니다: 지금 대응하세요.",
            ),
            "suffix:×",
            Query(f"{failed_share('1h')} / {BUDGET}", "over 1 h"),
            Query(f"{failed_share('6h')} / {BUDGET}", "over 6 h"),
            limits=((6, "orange"), (14.4, "red")),
        ),
        series(
            About(
                "Turned away",
                "4xx. 404: no such page; 429: more than an address may ask. No failures.",
                "4xx. 404는 없는 페이지, 429는 한 주소가 너무 많이 물은 것. 실패로 세지 않습니다.",
            ),
            "reqps",
            Query(
                'sum by (code) (rate(kaira_edge_requests_total{code=~"4.."}[$__rate_interval]))',
                "{{code}}",
            ),
            stacked=True,
        ),
    )


def _latency(board: Board) -> None:
    page = DURATION.replace("bucket", 'bucket{kind="page"}')
    upstream = "kaira_edge_upstream_duration_seconds_bucket"
    board.row("Latency")
    board.line(
        7,
        series(
            About(
                "Time to a whole page",
                "From the first byte of a request to the last of its answer; a slow line of the "
                "visitor shows in the p99.",
                "요청의 첫 바이트부터 응답의 끝까지. 방문자의 느린 회선은 p99에 나타납니다.",
            ),
            "s",
            *(
                Query(quantile(of, page, "$__rate_interval"), f"p{of * 100:g}")
                for of in (0.5, 0.95, 0.99)
            ),
            limits=((1, "orange"), (2.5, "red")),
        ),
        series(
            About(
                "By kind, p95",
                "All but a twentieth of the answers of each kind were whole within this time.",
                "종류별로 응답의 95%가 이 시간 안에 끝났습니다.",
            ),
            "s",
            Query(quantile(0.95, DURATION, "$__rate_interval", ", kind"), "{{kind}}"),
        ),
        series(
            About(
                "The application's part, p95",
                "How long nginx waited for the application, where it asked it. If this is small "
                "and the page slow, it is the line.",
                "nginx가 애플리케이션을 기다린 시간(물은 경우만). "
                "이것은 작은데 페이지가 느리면 회선 탓입니다.",
            ),
            "s",
            Query(quantile(0.95, upstream, "$__rate_interval", ", kind"), "{{kind}}"),
        ),
    )


def _saturation(board: Board) -> None:
    used = f"1 - node_filesystem_avail_bytes{FILESYSTEMS} / node_filesystem_size_bytes{FILESYSTEMS}"
    board.row("Saturation")
    board.line(
        7,
        series(
            About(
                "How full it is",
                "What runs out first. Worker: the busiest one's share of a core. Container: the "
                "one that is closest to its limit.",
                "무엇이 먼저 바닥나는지. worker는 가장 바쁜 워커가 쓰는 코어의 비율, "
                "container는 한도에 가장 가까운 컨테이너.",
            ),
            "percentunit",
            Query('1 - avg(rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))', "CPU"),
            Query("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "memory"),
            Query(f"max({used})", "disk"),
            Query("max(rate(kaira_process_cpu_seconds_total[$__rate_interval]))", "worker"),
            Query(
                "max(kaira_container_memory_bytes / kaira_container_memory_limit_bytes)",
                "container",
            ),
            limits=((0.8, "orange"), (0.95, "red")),
            top=1,
        ),
        series(PRESSURE, "percentunit", *PRESSURE_EXPR),
        series(
            About(
                "Open connections",
                "Visitors' connections to nginx; most of them only wait for the next request.",
                "방문자가 nginx에 연 연결. 대부분은 다음 요청을 기다릴 뿐입니다.",
            ),
            "short",
            Query("nginx_connections_active", "open"),
            Query("nginx_connections_waiting", "waiting"),
        ),
    )


def _outside(board: Board) -> None:
    board.row("From outside, and behind")
    board.line(
        5,
        states(
            About(
                "The home page from outside",
                "Whether a probe got it whole, the way that visitors come.",
                "방문자와 같은 길로 첫 페이지를 온전히 받았는지.",
            ),
            Query("probe_success", "{{instance}}"),
            {1: ("there", "green"), 0: ("not there", "red")},
        ),
        series(
            About(
                "How long a probe takes",
                "Name, connection, TLS and the whole page.",
                "이름 찾기, 연결, TLS, 페이지 전체까지.",
            ),
            "s",
            Query("probe_duration_seconds", "{{instance}}"),
        ),
        who_serves(),
    )
