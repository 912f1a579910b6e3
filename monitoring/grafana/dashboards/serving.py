"""Who serves the visitors: asked on several dashboards, and in the same way."""

from __future__ import annotations

from grafana_foundation_sdk.builders import statetimeline, timeseries

from monitoring.grafana.dashboards.panels import About, Query, by_colour, series, states

# Each request is in both once; of these there are only as many series as kinds of paths, which is
# what makes it possible to look at 30 days.
REQUESTS = "kaira_edge_request_duration_seconds_count"
# Ours: 501 and 505 are what a bot gets that asks for something nobody has.
FAILURES = 'kaira_edge_requests_total{code=~"500|502|503|504"}'

WHO = (
    'max(kaira_edge_live{colour="blue"} or 2 * kaira_edge_live{colour="green"})'
    " + 2 * max(kaira_edge_stale)"
)
WHO_MEANS = {
    1: ("blue", "blue"),
    2: ("green", "green"),
    3: ("cache alone, blue is dead", "red"),
    4: ("cache alone, green is dead", "dark-red"),
}


def failed_share(window: str, by: str = "") -> str:
    """Which part of the requests failed; nothing where there were none."""
    total = f"kaira_edge_requests_total[{window}]" if by else f"{REQUESTS}[{window}]"
    return f"sum{by} (rate({FAILURES}[{window}])) / (sum{by} (rate({total})) > 0)"


def quantile(of: float, histogram: str, window: str, by: str = "") -> str:
    """How long all but the slowest took. `by`: further labels, each with a comma before it."""
    return f"histogram_quantile({of}, sum by (le{by}) (rate({histogram}[{window}])))"


def who_serves() -> statetimeline.Panel:
    """Which colour, and whether it is alive."""
    return states(
        About(
            "Who serves",
            "The colour that visitors are sent to. Red: it is dead, and nginx answers from its "
            "cache alone.",
            "방문자가 가는 색. 빨강이면 그 색이 죽어 nginx가 캐시만으로 답합니다.",
        ),
        Query(WHO, "live"),
        WHO_MEANS,
    )


def answer_time() -> timeseries.Panel:
    """How long each colour takes, as the edge sees it."""
    histogram = "kaira_edge_upstream_duration_seconds_bucket"
    return by_colour(
        series(
            About(
                "Application's answer time",
                "How long the application took for what nginx asked it, by colour: half of the "
                "answers, and all but a twentieth, came within these times.",
                "nginx가 물은 것에 애플리케이션이 답하는 데 걸린 시간, 색별. "
                "절반과 95%가 이 시간 안에 왔습니다.",
            ),
            "s",
            Query(quantile(0.5, histogram, "$__rate_interval", ", colour"), "{{colour}} p50"),
            Query(quantile(0.95, histogram, "$__rate_interval", ", colour"), "{{colour}} p95"),
            limits=((0.5, "orange"), (2.5, "red")),
        ),
        shades=True,
    )
