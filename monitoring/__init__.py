"""Prometheus, Alertmanager, Grafana and what they are given."""
