"""FastAPI with one route in JSON, and nothing around it."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI()


@app.get("/api/info")
async def info() -> dict[str, str]:
    """As much as the application's own route says."""
    return {"name": "kaira", "version": "1.0.0", "release": "bench", "environment": "production"}
