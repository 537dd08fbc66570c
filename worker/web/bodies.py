"""A request's body as JSON: bounded in bytes, depth and time before anything looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from fastapi import Request

from worker.checks import deeper, iso
from worker.web.problems import Problem

BYTES_MOST = 16 * 1024 * 1024  # ten thousand long messages
SECONDS_MOST = 30.0
DEPTH_MOST = 16


async def json_of(request: Request) -> Any:
    """The body. Raises Problem."""
    return _value_of(await _raw(request))


def _value_of(raw: bytes) -> Any:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Problem(
            "malformed", f"it is no JSON: {error.msg} at character {error.pos}: send one object, or a list"
        ) from None
    if deeper(value, DEPTH_MOST):
        raise Problem("malformed", f"it is nested more than {DEPTH_MOST} deep")
    return value


async def object_of(request: Request) -> Mapping[str, Any]:
    """The body, where it must be one object. Raises Problem."""
    return _object(await json_of(request))


async def optional_object_of(request: Request) -> Mapping[str, Any]:
    """The same, where it may be left out. Raises Problem."""
    raw = await _raw(request)
    return _object(_value_of(raw)) if raw.strip() else {}


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Problem("malformed", "it is no JSON object: send one, like {...}")
    return value


async def date_of(request: Request) -> datetime:
    """The `send_date` that something is moved to. Raises Problem, Invalid."""
    return iso("send_date", (await object_of(request)).get("send_date"))


async def _raw(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > BYTES_MOST:
        raise _too_large()
    try:
        async with asyncio.timeout(SECONDS_MOST):
            return await _read(request)
    except TimeoutError:
        raise Problem("too-slow", f"send it within {SECONDS_MOST:g} seconds") from None


async def _read(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > BYTES_MOST:
            raise _too_large()
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem("too-large", f"send at most {BYTES_MOST // 1024**2} MB at once", headers={"Connection": "close"})
