"""`python -m monitoring.grafana.pictures`: pictures of all dashboards from a Prometheus."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from monitoring.grafana.pictures.answers import Answers
from monitoring.grafana.pictures.page import FOLDER, draw

parser = argparse.ArgumentParser(prog="monitoring.grafana.pictures", description=__doc__)
parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="its address")
parser.add_argument("--minutes", type=int, default=15, help="how far back they look")
parser.add_argument("--keep", default="", help="a pattern: containers of other names are left out")
parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
given = parser.parse_args()
draw(Answers(given.prometheus, time.time(), given.minutes * 60, given.keep), given.folder)
