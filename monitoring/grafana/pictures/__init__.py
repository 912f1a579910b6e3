"""Pictures of the dashboards, drawn from the live data of a Prometheus.

`python -m monitoring.grafana.pictures` draws what is committed, about as Grafana lays it out:
the same places, units, thresholds, names and colours. It needs Chromium, and no Grafana.
"""
