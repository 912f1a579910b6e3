"""What all dashboards share: where panels stand, links, and deployments across every graph."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus as prom
from grafana_foundation_sdk.models import dashboard as model

from monitoring.grafana.dashboards.panels import DATASOURCE, About, Builder

TAG = "kaira"
WIDTH = 24  # columns of Grafana's grid

# docs/runbooks.md, where Grafana's container has it.
RUNBOOKS = "/public/kaira/runbooks.md"

# The moment itself is the value, so it is exact however coarse the steps are; told once, in the
# step in which it changes.
DEPLOYED = (
    "(kaira_deployment_timestamp_seconds unless kaira_deployment_timestamp_seconds =="
    " kaira_deployment_timestamp_seconds offset $__interval) * 1000"
)
# A colour that was not live a step ago, while another was: an edge that starts is no switch.
SWITCHED = (
    "(kaira_edge_live unless kaira_edge_live offset $__interval)"
    " and on (job) kaira_edge_live offset $__interval"
)


class Board:
    """A dashboard that grows from top to bottom.

    In the first version of Grafana's model: the second is not read from files before Grafana 13
    (grafana/grafana#106381).

    about: its title, and what it is for.
    hours: how far back it looks at first.
    """

    def __init__(self, uid: str, about: About, hours: int) -> None:
        self._y = 0
        self._id = 0
        self._board = (
            build.Dashboard(about.title)
            .uid(uid)
            .description(str(about))
            .tags([TAG])
            .readonly()
            .variables([])
            .time(f"now-{hours}h", "now")
            .refresh("1m")
            .timezone("browser")
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .annotation(
                _annotation("Deployments", "purple", DEPLOYED, "Deployment · 배포")
                .text_format("A deployment ended. / 배포가 끝났습니다.")
                .use_value_for_time(True)
            )
            .annotation(
                _annotation("Colour switches", "orange", SWITCHED, "→ {{colour}}").text_format(
                    "Visitors are sent to {{colour}} from here on. / "
                    "이때부터 방문자는 {{colour}}로 갑니다."
                )
            )
            .link(
                build.DashboardLink("Dashboards")
                .type(model.DashboardLinkType.DASHBOARDS)
                .tags([TAG])
                .keep_time(True)
            )
            .link(
                build.DashboardLink("Runbooks · 대응 절차")
                .type(model.DashboardLinkType.LINK)
                .icon("doc")
                .url(RUNBOOKS)
                .target_blank(True)  # it is not a page of Grafana's own
            )
        )

    def row(self, title: str) -> None:
        """A heading."""
        self._id += 1
        place = model.GridPos(h=1, w=WIDTH, x=0, y=self._y)
        self._board.with_row(build.Row(title).grid_pos(place).id(self._id))
        self._y += 1

    def line(self, height: int, *panels: Builder) -> None:
        """Panels side by side, all of one size."""
        width = WIDTH // len(panels)
        for number, panel in enumerate(panels):
            self._id += 1
            place = model.GridPos(h=height, w=width, x=number * width, y=self._y)
            self._board.with_panel(panel.grid_pos(place).id(self._id))
        self._y += height

    def build(self) -> model.Dashboard:
        """The dashboard."""
        return self._board.build()


# Private


def _annotation(name: str, colour: str, expr: str, title: str) -> build.AnnotationQuery:
    return (
        build.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(colour)
        .expr(expr)
        .target(prom.Dataquery().datasource(DATASOURCE).ref_id("Anno").expr(expr).range())
        .title_format(title)
    )
