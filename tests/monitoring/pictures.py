"""`make pictures`: a site on which everything happens, and what its dashboards then show.

Takes ten minutes: the pictures are of what was really measured.
"""

from __future__ import annotations

import time

from monitoring.grafana.pictures.answers import Answers
from monitoring.grafana.pictures.page import FOLDER, draw
from tests.monitoring.scene import Scene

PROJECT = "kaira-sample"
KEEP = rf"^{PROJECT}-(?!dns|pebble)"  # neither what else runs here, nor the authority
PAUSE = 70  # seconds between what happens
MINUTES = 9  # less than it all takes, so that the graphs are full

if __name__ == "__main__":
    with Scene("pictures", project=PROJECT) as scene:
        scene.happen(PAUSE)
        draw(Answers(scene.monitoring.prometheus, time.time(), MINUTES * 60, KEEP), FOLDER)
