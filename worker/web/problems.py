"""What went wrong, as `application/problem+json` (RFC 9457): a stable type, the field's JSON pointer, what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from worker.catalogue.problems import in_vietnamese
from worker.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, WorkerError

MEDIA_TYPE = "application/problem+json"
WORDS_OF_FIELD = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem: its status and its title in each language."""

    status: HTTPStatus
    en: str
    vi: str


KINDS = {
    "invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A field can't be used as it is", "Một trường không hợp lệ"),
    "malformed": Kind(HTTPStatus.BAD_REQUEST, "The body is not what this address takes", "Nội dung gửi lên sai dạng"),
    "too-large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", "Nội dung gửi lên quá lớn"),
    "too-slow": Kind(HTTPStatus.REQUEST_TIMEOUT, "The body came too slowly", "Nội dung gửi lên quá chậm"),
    "conflict": Kind(HTTPStatus.CONFLICT, "This reference stands for something else", "Mã tham chiếu đã được dùng"),
    "not-found": Kind(HTTPStatus.NOT_FOUND, "There is no such thing", "Không tìm thấy"),
    "unauthorized": Kind(HTTPStatus.UNAUTHORIZED, "No valid token", "Thiếu mã truy cập, hoặc mã không còn hiệu lực"),
    "forbidden": Kind(HTTPStatus.FORBIDDEN, "This token may not do that", "Mã truy cập không có quyền này"),
    "too-fast": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Faster than this token may", "Vượt quá tốc độ cho phép"),
    "method": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "Not by this method", "Phương thức không được hỗ trợ"),
    "unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Not now: try again", "Tạm thời chưa phục vụ được"),
    "bug": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "A fault of ours", "Lỗi của hệ thống"),
}


@dataclass(slots=True)
class Problem(Exception):
    """Raised anywhere in a request; `kind` is a key of KINDS."""

    kind: str
    detail: str
    pointer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def problem_of(error: Exception, within: str = "") -> Problem:
    """What an error of ours means to a caller; anything else is a bug, and says nothing of itself.

    within: where in the body the request stands that it is about, as a JSON pointer.
    """
    match error:
        case Problem():
            return error
        case Invalid():
            return Problem("invalid", f"{error.problem}: {error.remedy}", within + pointer_of(error.field))
        case Conflict():
            return Problem("conflict", f"{error.problem}: {error.remedy}", f"{within}/reference")
        case NotFound():
            return Problem("not-found", str(error))
        case Forbidden():
            return Problem("forbidden", "it is another source's, or of all sources: it takes a token of all sources")
        case Unavailable():
            return Problem("unavailable", str(error), headers={"Retry-After": "5"})
        case WorkerError():
            return Problem("invalid", str(error))
    return Problem("bug", "it is in the server's log")


def body_of(problem: Problem, language: str) -> dict[str, Any]:
    """The problem as JSON."""
    kind = KINDS[problem.kind]
    body: dict[str, Any] = {
        "type": f"/problems/{problem.kind}",
        "title": kind.vi if language == "vi" else kind.en,
        "status": int(kind.status),
        "detail": in_vietnamese(problem.detail) if language == "vi" else problem.detail,
        **problem.more,
    }
    return body if problem.pointer is None else body | {"pointer": problem.pointer}


def response_of(request: Request, error: Exception) -> JSONResponse:
    """The problem as an answer, in the language that is asked for."""
    problem = problem_of(error)
    return JSONResponse(
        body_of(problem, language_of(request)),
        status_code=KINDS[problem.kind].status,
        media_type=MEDIA_TYPE,
        headers=dict(problem.headers),
    )


def language_of(request: Request) -> str:
    """vi where Accept-Language names it before English, else en."""
    wanted = request.headers.get("accept-language", "").lower()
    found = [(wanted.find(each), each) for each in ("vi", "en") if each in wanted]
    return min(found)[1] if found else "en"


def pointer_of(field: str) -> str:
    """A field as our errors name it, as a JSON pointer: `variables[2]` is /variables/2."""
    parts = WORDS_OF_FIELD.findall(field)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
