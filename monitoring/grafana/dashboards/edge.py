"""What nginx does: what it kept, what it asked for, whom it is connected to."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as model

from monitoring.grafana.dashboards.board import Board
from monitoring.grafana.dashboards.panels import (
    About,
    Query,
    by_colour,
    mapped,
    number,
    painted,
    series,
    states,
)
from monitoring.grafana.dashboards.serving import WHO, WHO_MEANS, answer_time, who_serves

KEPT = 'kaira_edge_requests_total{kind!="api", cache=~"hit|stale|updating"}'
KEEPABLE = 'kaira_edge_requests_total{kind!="api"}'
DAY = 86400
# Which part of its life is few, and how many days at most, as rules/certificate.yml has it.
CERTIFICATE_TOLD = (("ticket", 0.3, 20), ("page", 0.25, 3))

CACHE_COLOURS = {
    "hit": "green",
    "stale": "yellow",
    "updating": "light-yellow",
    "revalidated": "light-blue",
    "expired": "blue",
    "miss": "orange",
    "bypass": "purple",
    "none": "text",
}
CODE_COLOURS = {"2xx": "green", "3xx": "blue", "4xx": "orange", "5xx": "red"}


def dashboard() -> model.Dashboard:
    """The edge."""
    board = Board(
        "edge",
        About(
            "Edge", "What nginx serves, keeps and asks for.", "nginx가 보내고, 간직하고, 묻는 것."
        ),
        hours=6,
    )
    _now(board)
    _served(board)
    _behind(board)
    _connections(board)
    _outside(board)
    return board.build()


# Private


def _days_left(metric: str) -> str:
    return f"({metric} - time()) / {DAY}"


def _now(board: Board) -> None:
    board.row("Now")
    board.line(
        4,
        number(
            About(
                "Who serves",
                "The colour that visitors are sent to, or that it is dead.",
                "방문자가 가는 색. 죽었으면 그렇다고 적힙니다.",
            ),
            "none",
            Query(WHO),
        ).mappings(mapped(WHO_MEANS)),
        number(
            About(
                "From the cache",
                "Share of pages and files for which no visitor waited for the application, over "
                "5 minutes.",
                "방문자가 애플리케이션을 기다리지 않은 페이지와 파일의 비율, 5분.",
            ),
            "percentunit",
            Query(f"sum(rate({KEPT}[5m])) / (sum(rate({KEEPABLE}[5m])) > 0)"),
            steps=((None, "orange"), (0.5, "green")),
        ),
        number(
            About(
                "Asked of the application",
                "Requests that visitors waited for it with, over 5 minutes.",
                "방문자가 기다린, 애플리케이션에 물은 요청. 5분 평균.",
            ),
            "reqps",
            Query("sum(rate(kaira_edge_upstream_duration_seconds_count[5m]))"),
        ),
        number(
            About(
                "Open connections",
                "Of visitors, and of nginx's own.",
                "방문자와 nginx 자신의 연결.",
            ),
            "short",
            Query("nginx_connections_active"),
        ),
        number(
            About(
                "Certificate, days left",
                "Of what a visitor is shown. How few are too few depends on its life: see the "
                "lines at the bottom. Empty without HTTPS.",
                "방문자에게 보이는 인증서. 며칠이 적은지는 수명에 달렸으니 맨 아래의 선을 보세요. "
                "HTTPS가 없으면 비어 있습니다.",
            ),
            "suffix: d",
            Query(_days_left("min(probe_ssl_earliest_cert_expiry)")),
            decimals=1,
        ),
        number(
            About(
                "Counted",
                "How long ago nginx's requests were added up; every 5 s. If this grows, all else "
                "here stands still.",
                "요청을 마지막으로 센 지. 5초마다 셉니다. 커지면 여기의 다른 값도 멈춰 있습니다.",
            ),
            "s",
            Query("time() - kaira_edge_counted_timestamp_seconds"),
            steps=((None, "green"), (60, "orange")),
            decimals=0,
        ),
    )


def _served(board: Board) -> None:
    board.row("What was served")
    board.line(
        8,
        painted(
            series(
                About(
                    "By what the cache did",
                    "hit, stale, updating: kept, and sent at once (the last two while it is "
                    "renewed, or the application is dead); revalidated, expired, miss: the "
                    "application was asked; bypass: on purpose; none: nginx itself.",
                    "hit·stale·updating은 간직한 것을 바로 보냄(뒤의 둘은 갱신 중이거나 "
                    "애플리케이션이 죽었을 때), revalidated·expired·miss는 애플리케이션에 물음, "
                    "bypass는 일부러, none은 nginx 스스로.",
                ),
                "reqps",
                Query(
                    "sum by (cache) (rate(kaira_edge_requests_total[$__rate_interval]))",
                    "{{cache}}",
                ),
                stacked=True,
            ),
            CACHE_COLOURS,
        ),
        series(
            About(
                "Share from the cache",
                "Without waiting for the application. Files with a fingerprint stay for a month; "
                "pages are renewed behind the visitor's back.",
                "애플리케이션을 기다리지 않은 비율. 지문이 든 파일은 한 달 남고, "
                "페이지는 방문자 뒤에서 갱신됩니다.",
            ),
            "percentunit",
            Query(
                f"sum by (kind) (rate({KEPT}[$__rate_interval]))"
                f" / (sum by (kind) (rate({KEEPABLE}[$__rate_interval])) > 0)",
                "{{kind}}",
            ),
            top=1,
        ),
        series(
            About(
                "Bytes by coding",
                "Bodies sent, by content coding; identity: pictures and fonts, mostly.",
                "보낸 본문, 콘텐츠 코딩별. identity는 대부분 사진과 글꼴.",
            ),
            "Bps",
            Query(
                "sum by (coding) (rate(kaira_edge_response_bytes_total[$__rate_interval]))",
                "{{coding}}",
            ),
            stacked=True,
        ),
    )
    board.line(
        7,
        painted(
            series(
                About(
                    "Status codes",
                    "All answers by class. Many 3xx: browsers have it already.",
                    "모든 응답, 종류별. 3xx가 많으면 브라우저가 이미 가지고 있는 것.",
                ),
                "reqps",
                Query(
                    "sum by (class) (label_replace(rate("
                    'kaira_edge_requests_total[$__rate_interval]), "class", "${1}xx",'
                    ' "code", "(.).*"))',
                    "{{class}}",
                ),
                stacked=True,
            ),
            CODE_COLOURS,
        ),
        series(
            About(
                "What is not well, by code",
                "4xx and 5xx, and for what kind of path.",
                "4xx와 5xx, 경로 종류별.",
            ),
            "reqps",
            Query(
                "sum by (code, kind) (rate("
                'kaira_edge_requests_total{code=~"[45].."}[$__rate_interval])) > 0',
                "{{code}} {{kind}}",
            ),
        ),
    )


def _behind(board: Board) -> None:
    board.row("The application behind it")
    board.line(
        7,
        by_colour(
            series(
                About(
                    "Asked of each colour",
                    "Requests that nginx had to pass on.",
                    "nginx가 넘긴 요청, 색별.",
                ),
                "reqps",
                Query(
                    "sum by (colour) (rate("
                    "kaira_edge_upstream_duration_seconds_count[$__rate_interval]))",
                    "{{colour}}",
                ),
                stacked=True,
            )
        ),
        answer_time(),
        who_serves(),
    )


def _connections(board: Board) -> None:
    board.row("Connections")
    board.line(
        7,
        series(
            About(
                "Connections by what they do",
                "reading: a request comes in; writing: an answer goes out; waiting: kept open for "
                "the next one. Much reading with few requests: somebody is slow on purpose.",
                "reading은 요청을 받는 중, writing은 응답을 보내는 중, waiting은 다음 요청을 "
                "기다림. 요청은 적은데 reading이 많으면 누가 일부러 느린 것.",
            ),
            "short",
            Query("nginx_connections_reading", "reading"),
            Query("nginx_connections_writing", "writing"),
            Query("nginx_connections_waiting", "waiting"),
            stacked=True,
        ),
        series(
            About(
                "New connections",
                "Connections a second. Dropped: nginx had no room for them; that must stay at 0.",
                "초당 새 연결. dropped는 자리가 없어 버린 것이라 0이어야 합니다.",
            ),
            "suffix: /s",
            Query("rate(nginx_connections_accepted[$__rate_interval])", "accepted"),
            Query(
                "rate(nginx_connections_accepted[$__rate_interval])"
                " - rate(nginx_connections_handled[$__rate_interval])",
                "dropped",
            ),
        ),
        states(
            About(
                "nginx itself",
                "Whether it tells of its connections.",
                "nginx가 연결을 알려 주는지.",
            ),
            Query("nginx_up", "nginx"),
            {1: ("up", "green"), 0: ("down", "red")},
        ),
    )


def _outside(board: Board) -> None:
    board.row("TLS, from outside")
    board.line(
        7,
        series(
            About(
                "Certificate, days left",
                "shown: what visitors get; written: what certbot has put there. If they part for "
                "long, nginx does not see the new one. Below the others is a ticket, or a page.",
                "shown은 방문자가 받는 것, written은 certbot이 둔 것. 오래 다르면 nginx가 새것을 "
                "못 보고 있습니다. 나머지 두 선보다 낮아지면 ticket, page 알림이 옵니다.",
            ),
            "suffix: d",
            Query(_days_left("min(probe_ssl_earliest_cert_expiry)"), "shown"),
            Query(_days_left("max(kaira_certificate_expiry_timestamp_seconds)"), "written"),
            *(
                Query(f"clamp_max({part} * kaira:certificate_life:seconds / {DAY}, {days})", name)
                for name, part, days in CERTIFICATE_TOLD
            ),
        ),
        states(
            About(
                "Answer to a probe",
                "The status code of the home page from outside; 0: no answer.",
                "밖에서 본 첫 페이지의 상태 코드. 0은 응답 없음.",
            ),
            Query("probe_http_status_code", "{{instance}}"),
            {
                200: ("200", "green"),
                0: ("none", "dark-red"),
                **{code: (str(code), "red") for code in (500, 502, 503, 504)},
                **{code: (str(code), "orange") for code in (403, 404, 429)},
            },
        ),
    )
