"""What may stand behind the question mark of a program's address: what the route knows, and nothing else.

Whoever misspells a filter would get all there is, and act on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from worker.checks import known_fields


def refuse_unknown(request: Request) -> None:
    """Raises Invalid, with the nearest that there is."""
    if request.scope["query_string"]:
        known = dict.fromkeys(_names_of(request.scope["route"].dependant))
        known_fields(request.query_params, known, "there is no such parameter")


def _names_of(route: Dependant) -> Iterator[str]:
    yield from (each.alias for each in route.query_params)
    for dependency in route.dependencies:
        yield from _names_of(dependency)
