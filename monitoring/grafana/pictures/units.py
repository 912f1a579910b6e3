"""Values as Grafana writes them, by the units that the dashboards use."""

from __future__ import annotations

import math
import time

Scale = tuple[tuple[float, str], ...]  # from the smallest

_THOUSANDS: Scale = ((1, ""), (1e3, " K"), (1e6, " Mil"), (1e9, " Bil"))
_BINARY: Scale = ((1, " B"), (2**10, " KiB"), (2**20, " MiB"), (2**30, " GiB"), (2**40, " TiB"))
_BYTES_A_SECOND: Scale = ((1, " B/s"), (1e3, " kB/s"), (1e6, " MB/s"), (1e9, " GB/s"))
_TIMES: Scale = (
    (1e-6, " µs"), (1e-3, " ms"), (1, " s"), (60, " mins"), (3600, " hours"), (86400, " days"),
)  # fmt: skip
_REQUESTS: Scale = ((1, " req/s"), (1e3, "K req/s"), (1e6, "M req/s"))

SCALES: dict[str, Scale] = {
    "short": _THOUSANDS,
    "bytes": _BINARY,
    "Bps": _BYTES_A_SECOND,
    "s": _TIMES,
    "reqps": _REQUESTS,
}
AGO: Scale = ((1, "second"), (60, "minute"), (3600, "hour"), (86400, "day"))


def written(value: float, unit: str, now: float, decimals: int | None = None) -> tuple[str, str]:
    """The number and what follows it. `now`: for times that are told as long ago.

    Raises KeyError at a unit that no dashboard has.
    """
    if unit == "dateTimeFromNow":
        return _ago(now - value / 1000), ""
    if unit == "dateTimeAsIso":
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(value / 1000)), ""
    if unit == "percentunit":
        return _digits(value * 100, decimals), "%"
    if unit.startswith("suffix:"):
        return _digits(value, decimals), unit.removeprefix("suffix:")
    if unit == "none":
        return _digits(value, decimals), ""
    size, name = _fitting(abs(value), SCALES[unit])
    return _digits(value / size, decimals), name


def ticks(low: float, high: float, unit: str, most: int) -> list[float]:
    """Round values between two, `most` at the most."""
    size = 1.0
    if unit == "bytes":
        size, _ = _fitting(high, _BINARY)
    elif unit == "percentunit":
        size = 0.01
    raw = (high - low) / size / most
    tens = 10 ** math.floor(math.log10(raw))
    step = size * tens * next(each for each in (1, 2, 2.5, 5, 10) if each * tens >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


# Private


def _fitting(value: float, scale: Scale) -> tuple[float, str]:
    if value == 0:
        return next(each for each in scale if each[0] >= 1)
    return next((each for each in reversed(scale) if value >= each[0] * 0.9999), scale[0])


def _digits(value: float, decimals: int | None) -> str:
    """Three that count, where nothing else is said."""
    if decimals is None:
        size = math.floor(math.log10(abs(value))) if abs(value) > 1e-12 else 0
        text = f"{value:.{min(max(2 - size, 0), 6)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    return f"{value:.{decimals}f}"


def _ago(seconds: float) -> str:
    size, name = _fitting(max(seconds, 1), AGO)
    count = round(seconds / size)
    return f"{count} {name}{'s' * (count != 1)} ago"
