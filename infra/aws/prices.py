"""What the stack costs a month, from prices.toml: for a terminal, and as docs/costs*.md."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.aws.template import HERE, parameters

PRICES: dict[str, Any] = tomllib.loads((HERE / "prices.toml").read_text())
MONTH: dict[str, float] = PRICES["month"]
REGIONS = {"us-east-1": ("Virginia", "버지니아"), "ap-northeast-2": ("Seoul", "서울")}
DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "costs.md", "ko": DOCS / "costs.ko.md"}

ALARMS = 10  # in the template; a test counts them
METRICS = 2  # of the agent: memory and disk
LOG_METRICS = 5  # with Logs=cloudwatch
EXTRA = ("logs", "zone", "queries")  # what a stack may do without
VCPUS = 2  # of each type of t3 that the template takes
BASE_RATE = 0.10  # of each vCPU of a t3.micro, for ever; more is surplus

_NAMES = {
    "t3.micro": ("machine, t3.micro", "서버, t3.micro"),
    "t3.small": ("machine, t3.small", "서버, t3.small"),
    "t3.medium": ("machine, t3.medium", "서버, t3.medium"),
    "address": ("public IPv4 address", "공인 IPv4 주소"),
    "disk": ("disk, gp3", "디스크, gp3"),
    "snapshots": ("snapshots of seven days", "7일 치 스냅샷"),
    "alarms": ("alarms", "경보"),
    "metrics": ("metrics of memory and disk", "메모리·디스크 지표"),
    "logs": ("logs sent to CloudWatch", "CloudWatch로 보내는 로그"),
    "data": ("data to visitors", "방문자에게 나가는 데이터"),
    "zone": ("zone of Route 53", "Route 53 호스팅 영역"),
    "queries": ("queries of Route 53", "Route 53 질의"),
    "credits": ("CPU above the base rate", "기준을 넘긴 CPU"),
}
_UNITS = {
    "hour": ("hours", "시간"), "GB": ("GB", "GB"), "alarm": ("alarms", "개"),
    "metric": ("metrics", "개"), "zone": ("zone", "개"), "million": ("million", "백만 건"),
    "vCPU-hour": ("vCPU-hours", "vCPU·시간"),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """So much of something in a month."""

    key: str
    amount: float

    @property
    def price(self) -> dict[str, Any]:
        """Its entry in prices.toml."""
        found: dict[str, Any] = PRICES["price"][self.key]
        return found

    def cost(self, region: str) -> float:
        """What is asked for it, less what is free."""
        charged = max(0.0, self.amount - float(self.price.get("free", 0)))
        return charged * float(self.price[region])

    def amount_text(self, language: int) -> str:
        """How much it is, and what of that is free."""
        unit = _UNITS[self.price["unit"]][language]
        space = "" if unit[0] >= "가" else " "  # Korean words stand next to their number
        text = f"{self.amount:g}{space}{unit}"
        if free := self.price.get("free"):
            text += (f", first {free:g} free", f", 처음 {free:g}{space}{unit} 무료")[language]
        return text


def lines(values: dict[str, str]) -> list[Line]:
    """What a stack with these parameters is made of; what is not given is as by default."""
    whole = {name: each.default or "" for name, each in parameters().items()} | values
    logs, zone = whole["Logs"] == "cloudwatch", bool(whole["HostedZone"])
    return [
        Line(whole["InstanceType"], MONTH["hours"]),
        Line("address", MONTH["hours"]),
        Line("disk", float(whole["DiskGB"])),
        Line("snapshots", MONTH["snapshot_gb"]),
        Line("alarms", ALARMS),
        Line("metrics", METRICS + LOG_METRICS * logs),
        *([Line("logs", MONTH["logs_gb"])] if logs else []),
        Line("data", MONTH["data_out_gb"]),
        *([Line("zone", 1), Line("queries", MONTH["queries"])] if zone else []),
    ]


def total(values: dict[str, str], region: str) -> float:
    """US dollars a month."""
    return sum(line.cost(region) for line in lines(values))


def terminal(values: dict[str, str], region: str) -> str:
    """The costs of one stack in one region, for a terminal."""
    if region not in REGIONS:
        known = ", ".join(REGIONS)
        return f"No prices are known of {region} (infra/aws/prices.toml has {known})."
    rows = [
        f"  {_NAMES[line.key][0]:<28}{line.amount_text(0):<26}{line.cost(region):>8.2f}"
        for line in lines(values)
    ]
    head = f"A month in {region}, US dollars without tax, prices of {PRICES['date']}:"
    return "\n".join([head, *rows, f"  {'altogether':<54}{total(values, region):>8.2f}"])


def page(language: str) -> str:
    """The page as it should be: what stands between its marks is reckoned."""
    index = list(PAGES).index(language)
    tables = {"a month": _month(index), "on top": _on_top(index), "prices": _units(index)}
    return re.sub(
        r"(<!-- ([\w ]+) -->\n).*?(\n<!-- end -->)",
        lambda found: f"{found[1]}{tables[found[2]]}{found[3]}",
        PAGES[language].read_text(),
        flags=re.DOTALL,
    )


# Private


def _month(index: int) -> str:
    costs = [[line.cost(region) for region in REGIONS] for line in lines({})]
    rows = _head(index, *(("what", "how much"), ("무엇", "얼마나"))[index])
    for line, each in zip(lines({}), costs, strict=True):
        rows.append(_row(_NAMES[line.key][index], line.amount_text(index), *map(_money, each)))
    whole = (f"**{_money(sum(each))}**" for each in zip(*costs, strict=True))
    return "\n".join([*rows, _row(("**altogether**", "**합계**")[index], "", *whole)])


def _on_top(index: int) -> str:
    rows = _head(index, *(("what", "how much"), ("무엇", "얼마나"))[index])
    for kind, korean in (("t3.small", "t3.small로"), ("t3.medium", "t3.medium으로")):
        more = [total({"InstanceType": kind}, each) - total({}, each) for each in REGIONS]
        rows.append(_row((f"{kind} instead", f"{korean} 바꾸면")[index], "", *map(_money, more)))
    further = [
        line for line in lines({"Logs": "cloudwatch", "HostedZone": "Z"}) if line.key in EXTRA
    ]
    further += [
        Line("data", float(PRICES["price"]["data"]["free"]) + 100),
        Line("credits", VCPUS * (1 - BASE_RATE) * MONTH["hours"]),
    ]
    for line in further:
        costs = [line.cost(region) for region in REGIONS]
        rows.append(_row(_NAMES[line.key][index], line.amount_text(index), *map(_money, costs)))
    return "\n".join(rows)


def _units(index: int) -> str:
    rows = _head(index, *(("what", "for one"), ("무엇", "단위"))[index])
    for key, price in PRICES["price"].items():
        name = f"[{_NAMES[key][index]}]({price['page']})"
        each = (f"{price[region]:g}{' ?' * (region in price['unsure'])}" for region in REGIONS)
        rows.append(_row(name, (price["unit"], _UNITS[price["unit"]][1])[index], *each))
    return "\n".join(rows)


def _head(index: int, *names: str) -> list[str]:
    regions = [f"{each[index]} `{region}`" for region, each in REGIONS.items()]
    return [_row(*names, *regions), _row(*["---"] * len(names), *["---:"] * len(regions))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _money(amount: float) -> str:
    return f"{amount:.2f}"
