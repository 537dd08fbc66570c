"""The application: its routes, and what holds for every request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from worker.api.notifier import Notifier
from worker.api.operation import Operation
from worker.bell import Bell
from worker.database import Database
from worker.errors import WorkerError
from worker.limiter import Meter
from worker.settings import Settings
from worker.telemetry import emit, where
from worker.web import (
    callbacks,
    campaigns,
    follow_ups,
    messages,
    operation,
    people,
    persons,
    refused,
    reports,
    reruns,
    texts,
)
from worker.web.access import Access
from worker.web.door import Door
from worker.web.pages.rooms import add_pages, failed, is_page
from worker.web.problems import KINDS, Problem, response_of

THREADS = 16  # requests that use the database at once; each has a connection
ERRORS = (Problem, WorkerError, RequestValidationError, HTTPException, Exception)


def make_app(settings: Settings) -> FastAPI:
    """What `esms-worker serve` serves; it connects with the first request."""
    app = FastAPI(
        title="esms-worker",
        version=version("esms-worker"),
        description="SMS and voice calls through eSMS, each once, and the truth about what became of them.",
        lifespan=_lifespan,
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
    )
    app.state.settings = settings
    for room in (
        messages,
        refused,
        campaigns,
        reruns,
        follow_ups,
        people,
        persons,
        texts,
        reports,
        operation,
        callbacks,
    ):
        app.include_router(room.router)
    app.add_api_route("/problems/{kind}", _explain, include_in_schema=False)
    add_pages(app)
    for error in ERRORS:
        app.add_exception_handler(error, _answer)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    database = Database(settings.database_url, pool_size=THREADS)
    notifier = Notifier(settings, database=database, bell=Bell(settings.broker_url, settings.redis_url))
    meter = app.state.meter = Meter(settings.redis_url)
    app.state.door, app.state.access = Door(notifier), Access(notifier.tokens, meter)
    app.state.operation, app.state.users = Operation(settings, database=database), notifier.users
    try:
        yield
    finally:
        meter.close()
        notifier.close()


async def _answer(request: Request, error: Exception) -> Response:
    """Every error as a problem, for people as a page."""
    problem = _problem_of(request, error)
    return await to_thread.run_sync(failed, request, problem) if is_page(request) else response_of(request, problem)


def _problem_of(request: Request, error: Exception) -> Exception:
    """A bug is logged by its class and line: its text may quote a person's."""
    match error:
        case RequestValidationError():
            return _of_a_parameter(error.errors()[0])
        case HTTPException():
            return _of_the_address(request, error)
        case Problem() | WorkerError():
            return error
    emit("request.failed", error=type(error).__name__, at=where(error))
    return error


def _of_a_parameter(first: Mapping[str, Any]) -> Problem:
    """In our words where they say what to do."""
    told = first["msg"]
    if first["type"].startswith("date_"):
        told = "is no day: write it like 2026-01-31"
    elif first["type"] == "literal_error":
        told = f"is none of these words: use {first['ctx']['expected']}"
    elif first["type"].startswith("int_"):
        told = "is no whole number: write it like 100"
    return Problem("invalid", told, "/" + "/".join(map(str, first["loc"][1:])))


def _of_the_address(request: Request, error: HTTPException) -> Problem:
    headers = error.headers or {}
    match error.status_code:
        case 404:
            return Problem("not-found", "there is no such address: /openapi.json has all of them")
        case 405:
            detail = f"this address takes {headers.get('Allow', 'others')}, and no {request.method}"
            return Problem("method", detail, headers=headers)
    return Problem("malformed", str(error.detail), headers=headers)


async def _explain(kind: str) -> Response:
    """What a problem's type means."""
    known = KINDS.get(kind)
    return PlainTextResponse(f"{known.en}.\n{known.vi}.\n" if known else "no such type\n", 200 if known else 404)
