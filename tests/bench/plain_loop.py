"""Runs `terang WORDS` on asyncio and h11: what the faster loop and parser are compared with."""

import runpy
import sys

import uvicorn

run = uvicorn.run
uvicorn.run = lambda app, **options: run(app, **{**options, "loop": "asyncio", "http": "h11"})
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
