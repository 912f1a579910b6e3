"""`make dashboards`."""

from __future__ import annotations

from monitoring.grafana.dashboards import files

for path, text in files().items():
    path.write_text(text)
