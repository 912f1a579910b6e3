"""The kinds of panels that the dashboards are made of, and how each looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus as prom
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prom_model

DATASOURCE = look.DataSourceRef(type_val="prometheus", uid="prometheus")

# By value: from each number on, its colour. The first is what holds below all of them. Where there
# is an alert, orange is where it writes a ticket and red where it wakes somebody.
Steps = Sequence[tuple[float | None, str]]
PLAIN: Steps = ((None, "text"),)

# What a board is made of, and what has series that can have a colour each.
Builder = timeseries.Panel | stat.Panel | statetimeline.Panel | table.Panel | bargauge.Panel
Coloured = TypeVar("Coloured", timeseries.Panel, stat.Panel, bargauge.Panel)


@dataclass(frozen=True)
class About:
    """What a panel is called, and what it shows and why one would look, in both languages."""

    title: str
    en: str
    ko: str

    def __str__(self) -> str:
        return f"en {self.en} / ko {self.ko}"


@dataclass(frozen=True)
class Query:
    """An expression, and what its series are called."""

    expr: str
    legend: str = ""


def series(
    about: About,
    unit: str,
    *queries: Query,
    stacked: bool = False,
    limits: Steps = (),
    top: float | None = None,
) -> timeseries.Panel:
    """Lines over time; stacked where the parts make a whole; a dashed line at each limit."""
    panel = (
        timeseries.Panel()
        .title(about.title)
        .description(str(about))
        .datasource(DATASOURCE)
        .unit(unit)
        .axis_soft_min(0)
        .line_width(1)
        .fill_opacity(30 if stacked else 8)
        .show_points(look.VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(
            common.VizTooltipOptions()
            .mode(look.TooltipDisplayMode.MULTI)
            .sort(look.SortOrder.DESCENDING)
        )
    )
    for query in _named(queries):
        panel.with_target(query)
    if stacked:
        panel.stacking(common.StackingConfig().mode(look.StackingMode.NORMAL))
    if limits:
        panel.thresholds(_thresholds(((None, "transparent"), *limits)))
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(look.GraphThresholdsStyleMode.DASHED)
        )
    if top is not None:
        panel.min(0).max(top)
    return panel


def number(
    about: About, unit: str, *queries: Query, steps: Steps = PLAIN, decimals: int | None = None
) -> stat.Panel:
    """What holds at this moment, as large as it fits; several numbers with their names."""
    panel = (
        stat.Panel()
        .title(about.title)
        .description(str(about))
        .datasource(DATASOURCE)
        .unit(unit)
        .no_value("–")
        .thresholds(_thresholds(steps))
        .color_mode(look.BigValueColorMode.VALUE)
        .graph_mode(look.BigValueGraphMode.NONE)
        .text_mode(look.BigValueTextMode.AUTO)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    if decimals is not None:
        panel.decimals(decimals)
    for query in _named(queries, instant=True):
        panel.with_target(query)
    return panel


def words(about: About, *queries: Query) -> stat.Panel:
    """What holds at this moment and is no number: the names of the series are the answer."""
    return number(about, "none", *queries).text_mode(look.BigValueTextMode.NAME)


def states(
    about: About, query: Query, meanings: Mapping[int, tuple[str, str]]
) -> statetimeline.Panel:
    """Which of a few states held when. `meanings`: a value's word and colour."""
    panel = (
        statetimeline.Panel()
        .title(about.title)
        .description(str(about))
        .datasource(DATASOURCE)
        .unit("none")
        .mappings(mapped(meanings))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .thresholds(_thresholds(PLAIN))
        .legend(common.VizLegendOptions().show_legend(False))
        .tooltip(common.VizTooltipOptions().mode(look.TooltipDisplayMode.SINGLE))
    )
    for each in _named([query]):
        panel.with_target(each)
    return panel


def bars(about: About, unit: str, query: Query) -> bargauge.Panel:
    """A number for each of a few names, side by side."""
    panel = (
        bargauge.Panel()
        .title(about.title)
        .description(str(about))
        .datasource(DATASOURCE)
        .unit(unit)
        .no_value("–")
        .min(0)
        .thresholds(_thresholds(PLAIN))
        .orientation(look.VizOrientation.HORIZONTAL)
        .display_mode(look.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    for each in _named([query], instant=True):
        panel.with_target(each)
    return panel


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its values by the labels of the rows, how they look."""

    heading: str
    expr: str
    unit: str
    steps: Steps = PLAIN
    meanings: Mapping[int, tuple[str, str]] | None = None


def grid(about: About, labels: Mapping[str, str], *columns: Column) -> table.Panel:
    """A table; its rows are told apart by `labels`, each with its heading."""
    headings = {f"Value #{_letter(i)}": column.heading for i, column in enumerate(columns)}
    order = [*labels, *headings]
    panel = (
        table.Panel()
        .title(about.title)
        .description(str(about))
        .datasource(DATASOURCE)
        .unit("none")
        .no_value("–")
        .with_transformation(model.DataTransformerConfig("merge", options={}))
        .with_transformation(
            model.DataTransformerConfig(
                "organize",
                options={
                    "excludeByName": {"Time": True},
                    "indexByName": {name: place for place, name in enumerate(order)},
                    "renameByName": {**labels, **headings},
                },
            )
        )
    )
    for query in _named([Query(column.expr) for column in columns], instant=True):
        panel.with_target(query.format(prom_model.PromQueryFormat.TABLE))
    for column in columns:
        properties = [
            model.DynamicConfigValue("unit", column.unit),
            model.DynamicConfigValue("thresholds", _thresholds(column.steps).build()),
            model.DynamicConfigValue("custom.cellOptions", look.TableColorTextCellOptions()),
        ]
        if column.meanings:
            properties.append(model.DynamicConfigValue("mappings", mapped(column.meanings)))
        panel.override_by_name(column.heading, properties)
    return panel


def by_colour(panel: Coloured, *, shades: bool = False) -> Coloured:
    """Blue series blue and green ones green; in shades where there are several of one colour."""
    mode = model.FieldColorModeId.SHADES if shades else model.FieldColorModeId.FIXED
    for colour in ("blue", "green"):
        panel.override_by_regexp(rf"/\b{colour}\b/", [_colour(mode, colour)])
    return panel


def painted(panel: Coloured, colours: Mapping[str, str]) -> Coloured:
    """A colour for each series of a name, the same wherever it appears."""
    for name, colour in colours.items():
        panel.override_by_name(name, [_colour(model.FieldColorModeId.FIXED, colour)])
    return panel


def mapped(meanings: Mapping[int, tuple[str, str]]) -> list[model.ValueMapping]:
    """A word and a colour for each of a few values."""
    return [
        model.ValueMap(
            {
                str(value): model.ValueMappingResult(text=text, color=colour, index=place)
                for place, (value, (text, colour)) in enumerate(meanings.items())
            }
        )
    ]


# Private


def _named(queries: Sequence[Query], *, instant: bool = False) -> list[prom.Dataquery]:
    built = []
    for place, query in enumerate(queries):
        target = prom.Dataquery().datasource(DATASOURCE).ref_id(_letter(place)).expr(query.expr)
        target.legend_format(query.legend or "__auto").editor_mode(prom_model.QueryEditorMode.CODE)
        built.append(target.instant() if instant else target.range())
    return built


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _thresholds(steps: Steps) -> build.ThresholdsConfig:
    return (
        build.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=colour) for value, colour in steps])
    )


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(look.LegendDisplayMode.LIST)
        .placement(look.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs([])
    )


def _colour(mode: model.FieldColorModeId, colour: str) -> model.DynamicConfigValue:
    return model.DynamicConfigValue("color", {"mode": mode.value, "fixedColor": colour})
