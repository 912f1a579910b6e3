"""The application and its workers, a colour at a time."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as model

from monitoring.grafana.dashboards.board import Board
from monitoring.grafana.dashboards.panels import About, Query, by_colour, number, series, words

ROUTE = "http_request_duration_seconds"
BUSY = "rate(kaira_process_cpu_seconds_total[$__rate_interval])"


def dashboard() -> model.Dashboard:
    """The application; a colour that is stopped tells nothing."""
    board = Board(
        "application",
        About(
            "Application and workers",
            "What the application does, by colour and by process.",
            "애플리케이션이 하는 일, 색별·프로세스별.",
        ),
        hours=6,
    )
    _now(board)
    _requests(board)
    _latency(board)
    _processes(board)
    _lost(board)
    return board.build()


# Private


def _now(board: Board) -> None:
    board.row("Now")
    board.line(
        4,
        by_colour(
            words(
                About(
                    "Runs",
                    "The release of each colour that runs.",
                    "돌고 있는 색과 그 릴리스.",
                ),
                Query("kaira_release_info", "{{instance}} {{release}}"),
            )
        ),
        by_colour(
            number(
                About(
                    "Workers",
                    "Processes that answer, by colour. Fewer than usual: they die faster than "
                    "gunicorn starts them.",
                    "응답하는 프로세스, 색별. 평소보다 적으면 다시 뜨는 것보다 빨리 죽고 있습니다.",
                ),
                "none",
                Query(
                    'count by (instance) (kaira_process_start_time_seconds{process!="master"})',
                    "{{instance}}",
                ),
            )
        ),
        by_colour(
            number(
                About(
                    "Up for",
                    "Since the oldest process of each colour was started.",
                    "색별로 가장 오래된 프로세스가 시작한 뒤로.",
                ),
                "s",
                Query(
                    "time() - min by (instance) (kaira_process_start_time_seconds)",
                    "{{instance}}",
                ),
            )
        ),
        number(
            About(
                "Worker restarts, 24 h",
                "Workers that ended; each loses what it was answering. Look into the log for why.",
                "끝난 워커. 답하던 요청을 잃습니다. 이유는 로그에 있습니다.",
            ),
            "none",
            Query("round(sum(increase(kaira_worker_restarts_total[24h])))"),
            steps=((None, "green"), (1, "orange"), (10, "red")),
        ),
        number(
            About(
                "Refused, 24 h",
                "Requests that a guard turned away before a route saw them.",
                "라우트에 가기 전에 받아 주지 않은 요청.",
            ),
            "none",
            Query("round(sum(increase(kaira_requests_refused_total[24h])))"),
        ),
        number(
            About(
                "Log lines lost, 24 h",
                "Their reader stalled, or the disk was full; what happened then is not in the log.",
                "로그를 읽는 쪽이 멈췄거나 디스크가 찼던 것. 그때 일은 로그에 없습니다.",
            ),
            "none",
            Query("round(sum(increase(kaira_log_lines_dropped_total[24h])))"),
            steps=((None, "green"), (1, "red")),
        ),
    )


def _requests(board: Board) -> None:
    board.row("Requests")
    board.line(
        8,
        by_colour(
            series(
                About(
                    "By route",
                    "API requests; none: a path that no route and no file has.",
                    "API 요청. none은 라우트도 파일도 없는 경로.",
                ),
                "reqps",
                Query(
                    "sum by (instance, handler) (rate(http_requests_total[$__rate_interval]))",
                    "{{instance}} {{handler}}",
                ),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Routes that fail",
                    "5xx of each route; the log has the error under its request id.",
                    "라우트별 5xx. 오류는 로그에서 요청 id로 찾습니다.",
                ),
                "reqps",
                Query(
                    "sum by (instance, handler)"
                    ' (rate(http_requests_total{status="5xx"}[$__rate_interval]))'
                    " or 0 * sum by (instance) (rate(http_requests_total[$__rate_interval]))",
                    "{{instance}} {{handler}}",
                ),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Files of the site",
                    "Answers from the site's files, by code; nginx asks for little of it twice.",
                    "사이트 파일로 답한 것, 코드별. nginx가 간직하므로 드뭅니다.",
                ),
                "reqps",
                Query(
                    "sum by (instance, code) (rate(kaira_site_responses_total[$__rate_interval]))",
                    "{{instance}} {{code}}",
                ),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Bytes of files",
                    "Bodies from the site's files, by content coding.",
                    "사이트 파일의 본문, 콘텐츠 코딩별.",
                ),
                "Bps",
                Query(
                    "sum by (instance, coding)"
                    " (rate(kaira_site_response_bytes_total[$__rate_interval]))",
                    "{{instance}} {{coding}}",
                ),
            ),
            shades=True,
        ),
    )


def _latency(board: Board) -> None:
    fine = "http_request_duration_highr_seconds_bucket"
    count = f"sum by (instance, handler) (rate({ROUTE}_count[$__rate_interval]))"
    quick = f'sum by (instance, handler) (rate({ROUTE}_bucket{{le="0.1"}}[$__rate_interval]))'
    board.row("Latency of the routes")
    board.line(
        8,
        by_colour(
            series(
                About(
                    "All routes",
                    "Half of the answers, and all but a hundredth, came within these times.",
                    "응답의 절반과 99%가 이 시간 안에 왔습니다.",
                ),
                "s",
                *(
                    Query(
                        "histogram_quantile("
                        f"{of}, sum by (le, instance) (rate({fine}[$__rate_interval])))",
                        f"{{{{instance}}}} p{of * 100:g}",
                    )
                    for of in (0.5, 0.99)
                ),
                limits=((0.5, "orange"), (2.5, "red")),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Mean by route",
                    "What a route takes on average; its histogram is too coarse for quantiles.",
                    "라우트의 평균 응답 시간. 구간이 성겨 백분위는 내지 않습니다.",
                ),
                "s",
                Query(
                    f"sum by (instance, handler) (rate({ROUTE}_sum[$__rate_interval]))"
                    f" / ({count} > 0)",
                    "{{instance}} {{handler}}",
                ),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Slower than 0.1 s, by route",
                    "Share of a route's answers. If it rises, look at CPU and pressure.",
                    "라우트의 응답 가운데 0.1초보다 느린 비율. 오르면 CPU와 대기를 보세요.",
                ),
                "percentunit",
                Query(f"1 - {quick} / ({count} > 0)", "{{instance}} {{handler}}"),
                top=1,
            ),
            shades=True,
        ),
    )


def _processes(board: Board) -> None:
    process = "{{instance}} {{process}}"
    board.row("Processes")
    board.line(
        8,
        by_colour(
            series(
                About(
                    "Private memory",
                    "What only this process has. If it only ever rises, it leaks.",
                    "그 프로세스만 쓰는 메모리. 오르기만 하면 새고 있습니다.",
                ),
                "bytes",
                Query("kaira_process_private_memory_bytes", process),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Resident memory",
                    "With what it shares with the others: do not add these up.",
                    "다른 프로세스와 함께 쓰는 부분도 셉니다. 더하지 마세요.",
                ),
                "bytes",
                Query("kaira_process_resident_memory_bytes", process),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Busy",
                    "Each process' share of one core. A worker has one thread: near 100 % its "
                    "requests wait. A peak where a worker was replaced is none: names move up.",
                    "프로세스가 쓰는 코어 하나의 비율. 워커는 스레드가 하나라 100%에 가까우면 "
                    "요청이 기다립니다. 워커가 바뀐 때의 뾰족한 값은 이름이 밀린 것입니다.",
                ),
                "percentunit",
                Query(BUSY, process),
                limits=((0.7, "orange"), (0.9, "red")),
                top=1,
            ),
            shades=True,
        ),
    )
    board.line(
        7,
        by_colour(
            series(
                About(
                    "CPU by colour",
                    "Cores that all processes of a colour use together.",
                    "한 색의 모든 프로세스가 함께 쓰는 코어 수.",
                ),
                "suffix: cores",
                Query(f"sum by (instance) ({BUSY})", "{{instance}}"),
            )
        ),
        by_colour(
            series(
                About(
                    "Open files",
                    "Descriptors, connections included. If it only ever rises, it leaks.",
                    "연결을 포함한 파일 디스크립터. 오르기만 하면 새고 있습니다.",
                ),
                "short",
                Query("kaira_process_open_fds", process),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Worker restarts",
                    "Workers that ended in the time of one step.",
                    "한 구간 동안 끝난 워커.",
                ),
                "short",
                Query(
                    "sum by (instance) (increase(kaira_worker_restarts_total[$__rate_interval]))",
                    "{{instance}}",
                ),
            )
        ),
    )


def _lost(board: Board) -> None:
    board.row("Refused and lost")
    board.line(
        7,
        by_colour(
            series(
                About(
                    "Refused, by reason",
                    "What a guard turned away: a header, a body or a path that may not be, a "
                    "client that is too slow. Many of one kind: somebody tries something.",
                    "받아 주지 않은 요청: 허용되지 않는 헤더·본문·경로, 너무 느린 클라이언트. "
                    "한 종류가 많으면 누가 무언가를 시도하는 것.",
                ),
                "reqps",
                Query(
                    "sum by (instance, reason)"
                    " (rate(kaira_requests_refused_total[$__rate_interval]))",
                    "{{instance}} {{reason}}",
                ),
            ),
            shades=True,
        ),
        by_colour(
            series(
                About(
                    "Log lines lost",
                    "Dropped rather than letting a request wait for whoever reads the log.",
                    "로그를 읽는 쪽 때문에 요청이 기다리지 않도록 버린 줄.",
                ),
                "suffix: /s",
                Query(
                    "sum by (instance) (rate(kaira_log_lines_dropped_total[$__rate_interval]))",
                    "{{instance}}",
                ),
            )
        ),
    )
