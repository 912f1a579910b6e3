"""Kaira: a FastAPI application that serves a pressed site."""

__version__ = "1.0.0"
