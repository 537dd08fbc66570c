"""Style and script, served under a hash of their contents, so that a browser may keep them for good."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import Response

from worker.web.pages.access import room
from worker.web.problems import Problem

CSS = "text/css; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
OURS = str(__package__)
ASSETS = {  # the package and the file
    "page.css": (OURS, "static/page.css", CSS),
    "figures.css": ("worker.reporting.page", "figures.css", CSS),  # that of the report that people keep
    "htmx.js": (OURS, "static/htmx-2.0.11.min.js", SCRIPT),
    "page.js": (OURS, "static/page.js", SCRIPT),
    "icon.svg": (OURS, "static/icon.svg", "image/svg+xml"),
}
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
router = room()


@cache
def _contents(name: str) -> bytes:
    package, file, _ = ASSETS[name]
    return (files(package) / file).read_bytes()


@cache
def address_of(name: str) -> str:
    """Where it is served. Raises KeyError for what is none of ours."""
    return f"/static/{sha256(_contents(name)).hexdigest()[:16]}/{name}"


@router.get("/static/{digest}/{name}")
def asset(digest: str, name: str) -> Response:
    """Whole; a page of a version before may ask by another hash, and gets today's, which is not kept."""
    if name not in ASSETS:
        raise Problem("not-found", "there is no such file")
    kept = FOR_GOOD if address_of(name) == f"/static/{digest}/{name}" else {}
    return Response(_contents(name), media_type=ASSETS[name][2], headers=kept)
