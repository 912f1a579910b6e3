"""ServeStatic, around FastAPI."""

from __future__ import annotations

import os

from fastapi import FastAPI
from servestatic import ServeStaticASGI

app = ServeStaticASGI(FastAPI(), root=os.environ["BENCH_SITE"], index_file=True)
