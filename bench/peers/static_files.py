"""Starlette's StaticFiles, mounted in FastAPI as its documentation has it."""

from __future__ import annotations

import os

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

app = FastAPI()
app.mount("/", StaticFiles(directory=os.environ["BENCH_SITE"], html=True))
