"""docs/costs*.md are what the command prints, and it reckons right."""

from __future__ import annotations

import re

import pytest

from infra.aws import prices
from infra.aws.__main__ import main
from infra.aws.template import parameters


@pytest.mark.parametrize("language", prices.PAGES)
def test_the_pages_are_what_the_command_prints(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cost", "--language", language]) == 0
    assert prices.PAGES[language].read_text() == capsys.readouterr().out, "make costs"


def test_a_month_is_reckoned() -> None:
    # By hand: 730 h of t3.micro and of an address, 30 GB of gp3, 10 GB of snapshots.
    seoul = 730 * 0.0130 + 730 * 0.005 + 30 * 0.0912 + 10 * 0.05
    assert prices.total({}, "ap-northeast-2") == pytest.approx(seoul)
    virginia = 730 * 0.0208 + 730 * 0.005 + 50 * 0.08 + 10 * 0.05
    values = {"InstanceType": "t3.small", "DiskGB": "50"}
    assert prices.total(values, "us-east-1") == pytest.approx(virginia)
    more = prices.total({"HostedZone": "Z1"}, "us-east-1") - prices.total({}, "us-east-1")
    assert more == pytest.approx(0.50 + 0.1 * 0.40)


def test_what_is_free_is_not_charged_and_the_rest_is() -> None:
    assert prices.Line("data", 100).cost("us-east-1") == 0
    assert prices.Line("data", 110).cost("us-east-1") == pytest.approx(0.90)


def test_one_stack_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--region", "ap-northeast-2", "InstanceType=t3.small"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"machine, t3\.small +730 hours +18\.98\n", out)
    assert out.endswith(f"{prices.total({'InstanceType': 't3.small'}, 'ap-northeast-2'):.2f}\n")
    assert main(["cost", "--region", "eu-west-1"]) == 0
    assert "No prices are known of eu-west-1" in capsys.readouterr().out
    assert main(["cost", "DiskGB=1"]) == 2


def test_korean_counts_as_korean_does() -> None:
    page = prices.page("ko")
    for row in ("서버, t3.micro | 730시간", "경보 | 10개, 처음 10개 무료", "t3.small로 바꾸면 |",
                "t3.medium으로 바꾸면 |", "50 GB, 처음 100 GB 무료"):  # fmt: skip
        assert row in page, row
    assert "대신" not in page


def test_every_price_has_its_regions_its_source_and_a_name() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", prices.PRICES["date"])
    for key, price in prices.PRICES["price"].items():
        assert key in prices._NAMES and price["unit"] in prices._UNITS
        assert all(0 < price[region] < 1 for region in prices.REGIONS)
        assert price["page"].startswith("https://aws.amazon.com/") and price["seen"]
        assert set(price["unsure"]) <= set(prices.REGIONS)
    pattern = parameters()["InstanceType"].pattern
    assert pattern is not None
    kinds = [key for key in prices.PRICES["price"] if re.fullmatch(pattern, key)]
    assert len(kinds) == pattern.count("|") + 1, "each type that the template takes has a price"
