"""A panel as HTML, by its kind."""

from __future__ import annotations

from html import escape

from monitoring.grafana.pictures import charts, colours
from monitoring.grafana.pictures.answers import Answers, Series
from monitoring.grafana.pictures.charts import LETTER, Marks, Panel, Size
from monitoring.grafana.pictures.units import written


def shown(panel: Panel, answers: Answers, marks: list[Marks], size: Size) -> str:
    """What is inside a panel, `size` wide and high. Raises KeyError at a kind that none is of."""
    found = answers.to(panel)
    kind = panel["type"]
    if not found:
        nothing = panel["fieldConfig"]["defaults"].get("noValue", "No data")
        return f'<p class="empty">{escape(nothing)}</p>'
    if kind == "timeseries":
        names = [each.name for each in found]
        rows = _rows(names, size[0])
        graph = charts.lines(panel, found, marks, answers, (size[0], size[1] - rows * 19))
        return graph + _legend(names, colours.of_series(panel, names), rows)
    if kind == "state-timeline":
        return charts.states(panel, found, marks, answers, size)
    if kind == "stat":
        return _numbers(panel, found, answers, size)
    return {"bargauge": _bars, "table": _table}[kind](panel, found, answers)


# Private


def _rows(names: list[str], width: float) -> int:
    """How many lines the names take; Grafana lets one scroll to the rest."""
    rows, used = 1, 0.0
    for name in names:
        needed = len(name) * LETTER + 34
        if used and used + needed > width:
            rows, used = rows + 1, 0
        used += needed
    return min(rows, 3)


def _legend(names: list[str], hues: list[str], rows: int) -> str:
    items = "".join(
        f'<span><i style="background:{hue}"></i>{escape(name)}</span>'
        for name, hue in zip(names, hues, strict=True)
    )
    return f'<div class="legend" style="height:{rows * 19}px">{items}</div>'


def _value(field: Panel, value: float, now: float) -> tuple[str, str, str]:
    """Number, what follows it, and colour."""
    if told := colours.meaning(field, value):
        return told[0], "", told[1]
    return *written(value, field["unit"], now, field.get("decimals")), colours.of_value(
        field, value
    )


def _numbers(panel: Panel, found: list[Series], answers: Answers, size: Size) -> str:
    field, by_name = panel["fieldConfig"]["defaults"], panel["options"]["textMode"] == "name"
    hues = colours.of_series(panel, [each.name for each in found])
    has_override = bool(panel["fieldConfig"]["overrides"])
    items = []
    for series, hue in zip(found, hues, strict=True):
        number, after, colour = _value(field, series.last, answers.end)
        if by_name:
            number, after = series.name, ""
        colour = hue if has_override else colour
        name = series.name if len(found) > 1 and not by_name else ""
        wide = size[0] / len(found) / max(1, len(number) + len(after) * 0.6) * 1.5
        high = (size[1] - (18 if name else 0)) * 0.62
        label = f"<small>{escape(name)}</small>" if name else ""
        items.append(
            f'<div style="color:{colour};font-size:{min(wide, high, 52):.0f}px">{label}'
            f"<b>{escape(number)}<em>{escape(after)}</em></b></div>"
        )
    return f'<div class="numbers">{"".join(items)}</div>'


def _bars(panel: Panel, found: list[Series], answers: Answers) -> str:
    field = panel["fieldConfig"]["defaults"]
    most = max(1.0, *(each.last for each in found))
    wide = max(len(each.name) for each in found) * 7.5 + 8
    items = []
    for series in sorted(found, key=lambda each: each.name):
        number, after, colour = _value(field, series.last, answers.end)
        items.append(
            f'<div><span style="width:{wide:.0f}px">{escape(series.name)}</span>'
            f'<i><u style="width:{series.last / most:.1%};background:{colour}"></u></i>'
            f'<b style="color:{colour}">{escape(number + after)}</b></div>'
        )
    return f'<div class="bars">{"".join(items)}</div>'


def _table(panel: Panel, found: list[Series], answers: Answers) -> str:
    (organise,) = [each for each in panel["transformations"] if each["id"] == "organize"]
    order, headings = organise["options"]["indexByName"], organise["options"]["renameByName"]
    columns = sorted(order, key=lambda each: int(order[each]))
    looks = {
        each["matcher"]["options"]: {told["id"]: told["value"] for told in each["properties"]}
        for each in panel["fieldConfig"]["overrides"]
    }
    labels = [each for each in columns if not each.startswith("Value #")]
    rows: dict[tuple[str, ...], dict[str, float]] = {}
    for series in found:
        key = tuple(series.labels.get(label, "") for label in labels)
        rows.setdefault(key, {})[f"Value #{series.ref}"] = series.last
    text = "".join(f"<th>{escape(headings[column])}</th>" for column in columns)
    for key, values in sorted(rows.items()):
        cells = "".join(f"<td>{escape(part)}</td>" for part in key)
        for column in columns[len(labels) :]:
            if column not in values:
                cells += "<td>–</td>"
                continue
            number, after, hue = _value(looks[headings[column]], values[column], answers.end)
            cells += f'<td style="color:{hue}">{escape(number + after)}</td>'
        text += f"</tr><tr>{cells}"
    return f"<table><tr>{text}</tr></table>"
