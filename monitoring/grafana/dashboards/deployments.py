"""Deployments: what is live, what came before, and what it did to visitors."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as model

from monitoring.grafana.dashboards.board import Board
from monitoring.grafana.dashboards.panels import (
    About,
    Column,
    Query,
    bars,
    by_colour,
    grid,
    mapped,
    number,
    series,
    words,
)
from monitoring.grafana.dashboards.serving import (
    WHO,
    WHO_MEANS,
    answer_time,
    failed_share,
    who_serves,
)

# The application's `instance` is its colour.
LIVE = 'label_replace(kaira_edge_live, "instance", "$1", "colour", "(.+)")'
SEEN = "timestamp(kaira_release_info)[$__range:15s]"
RELEASE = "instance, release, version"


def dashboard() -> model.Dashboard:
    """Blue, green and what they were."""
    board = Board(
        "deployments",
        About(
            "Deployments",
            "What is live, what came before, and what it did to visitors.",
            "지금 서비스하는 것, 그전의 것, 방문자가 받은 영향.",
        ),
        hours=7 * 24,
    )
    _now(board)
    _history(board)
    _around(board)
    return board.build()


# Private


def _now(board: Board) -> None:
    board.row("Now")
    board.line(
        4,
        number(
            About(
                "Live",
                "The colour that visitors are sent to, or that it is dead.",
                "방문자가 가는 색. 죽었으면 그렇다고 적힙니다.",
            ),
            "none",
            Query(WHO),
        ).mappings(mapped(WHO_MEANS)),
        words(
            About("Release", "What the live colour runs.", "서비스하는 색의 릴리스."),
            Query(f"kaira_release_info and on (instance) {LIVE}", "{{release}}"),
        ),
        number(
            About(
                "Last deployment",
                "When it ended, however it did. Empty before the first one.",
                "마지막 배포가 끝난 때, 결과와 상관없이. 첫 배포 전에는 비어 있습니다.",
            ),
            "dateTimeFromNow",
            Query("kaira_deployment_timestamp_seconds * 1000"),
        ),
        number(
            About(
                "Gone wrong, 30 days",
                "Deployments that failed before the switch, or were taken back after it.",
                "전환 전에 실패했거나 전환 뒤에 되돌린 배포.",
            ),
            "none",
            Query(
                'round(sum(increase(kaira_deployments_total{outcome=~"failed|rolled back"}[30d])))'
            ),
            steps=((None, "green"), (1, "orange"), (5, "red")),
        ),
    )


def _history(board: Board) -> None:
    board.row("What was")
    board.line(4, who_serves())
    board.line(
        9,
        grid(
            About(
                "Releases in this range",
                "Which ran as which colour, and from when to when, to 15 seconds.",
                "어느 릴리스가 어느 색으로 언제부터 언제까지 돌았는지, 15초 단위.",
            ),
            {"instance": "colour", "release": "release", "version": "version"},
            Column("from", f"min by ({RELEASE}) (min_over_time({SEEN})) * 1000", "dateTimeAsIso"),
            Column("to", f"max by ({RELEASE}) (max_over_time({SEEN})) * 1000", "dateTimeAsIso"),
        ),
        bars(
            About(
                "Outcomes so far",
                "deployed: it serves; failed: it never did; rolled back: it was live and taken "
                "back; returned: by hand; found and left: blue-green began and ended.",
                "deployed는 서비스함, failed는 못 함, rolled back은 서비스하다 되돌림, "
                "returned는 손으로 되돌림, found와 left는 블루·그린의 시작과 끝.",
            ),
            "none",
            Query("max by (outcome) (kaira_deployments_total)", "{{outcome}}"),
        ),
    )


def _around(board: Board) -> None:
    board.row("Around deployments")
    board.line(
        8,
        by_colour(
            series(
                About(
                    "Requests by colour",
                    "At a switch one takes over from the other, and none is missing.",
                    "전환 때 한 색이 다른 색을 이어받고, 빠지는 요청이 없어야 합니다.",
                ),
                "reqps",
                Query(
                    "sum by (colour) (rate(kaira_edge_requests_total[$__rate_interval]))",
                    "{{colour}}",
                ),
                stacked=True,
            )
        ),
        by_colour(
            series(
                About(
                    "Share that fails, by colour",
                    "500, 502, 503 and 504 that visitors saw while a colour was live.",
                    "그 색이 서비스하는 동안 방문자가 본 500·502·503·504의 비율.",
                ),
                "percentunit",
                Query(failed_share("$__rate_interval", " by (colour)"), "{{colour}}"),
                limits=((0.001, "orange"), (0.01, "red")),
            )
        ),
        answer_time(),
    )
    board.line(
        8,
        by_colour(
            series(
                About(
                    "Not from the cache, by colour",
                    "Share of pages and files that visitors waited for the application with. A "
                    "deployment fills the cache first, so a switch should hardly show.",
                    "방문자가 애플리케이션을 기다린 페이지와 파일의 비율. "
                    "배포가 캐시를 먼저 채우므로 전환 때 거의 오르지 않아야 합니다.",
                ),
                "percentunit",
                Query(
                    "sum by (colour) (rate(kaira_edge_requests_total"
                    '{kind!="api", cache=~"miss|expired|revalidated"}[$__rate_interval]))'
                    " / (sum by (colour) (rate(kaira_edge_requests_total"
                    '{kind!="api"}[$__rate_interval])) > 0)',
                    "{{colour}}",
                ),
                top=1,
            )
        ),
        by_colour(
            series(
                About(
                    "Memory by colour",
                    "What each colour has for itself; for the time of a deployment both are there.",
                    "색마다 혼자 쓰는 메모리. 배포하는 동안에는 둘 다 있습니다.",
                ),
                "bytes",
                Query("sum by (instance) (kaira_process_private_memory_bytes)", "{{instance}}"),
                stacked=True,
            )
        ),
        by_colour(
            series(
                About(
                    "CPU by colour",
                    "Cores that each colour uses; the start of one must not starve the other.",
                    "색마다 쓰는 코어 수. 한 색의 시작이 다른 색을 굶기면 안 됩니다.",
                ),
                "suffix: cores",
                Query(
                    "sum by (instance) (rate(kaira_process_cpu_seconds_total[$__rate_interval]))",
                    "{{instance}}",
                ),
            )
        ),
    )
