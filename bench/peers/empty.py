"""The least that FastAPI can be: what a cold start is held against."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root() -> dict[str, str]:
    """Something to ask for."""
    return {"status": "ok"}
