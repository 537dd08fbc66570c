"""`:retry`: what failed, chosen and corrected as the body says; with `dry_run`, what that would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from dataclasses import fields as fields_of
from typing import Any

from anyio import to_thread
from fastapi import Request, Response

from worker.again import Corrected, Failed
from worker.api.again import Outlook
from worker.api.notifier import Notifier
from worker.checks import iso, known_fields, truth
from worker.errors import Invalid
from worker.web.answers import as_json, decision_out
from worker.web.bodies import optional_object_of
from worker.web.problems import Problem, pointer_of
from worker.web.schemas import Schema, inlined

CHOSEN = ("status", "code", "network", "since", "until", "to", "most")
CORRECTED = [field.name for field in fields_of(Corrected)]


def retry_schema() -> Schema:
    """All of it may be left out."""
    chosen = inlined(Failed)["properties"]
    properties = {name: chosen[name] for name in CHOSEN}
    corrected = {"type": "object", "properties": inlined(Corrected)["properties"], "additionalProperties": False}
    properties |= {"corrected": corrected, "dry_run": {"type": "boolean", "default": False}}
    return {"type": "object", "properties": properties, "additionalProperties": False}


async def answer(request: Request, producer: Notifier, by: str, **of: Any) -> Response:
    """of: the ids or the campaign. Raises Problem, Invalid, NotFound."""
    body = await optional_object_of(request)
    failed, corrected = _failed(body, of), _corrected(body.get("corrected"))
    rehearsed = body.get("dry_run") is not None and truth("dry_run", body["dry_run"])
    with _pointed():
        if rehearsed:
            outlook = await to_thread.run_sync(lambda: producer.again.foresee(failed, corrected=corrected))
            return as_json(_outlook_out(outlook))
        decided = await to_thread.run_sync(lambda: producer.again.retry(failed, corrected=corrected, by=by))
    unfit = [asdict(each) for each in decided.unfit]
    rest: dict[str, Any] = {"rest": decided.rest, "rest_left": decided.rest_left and dict(decided.rest_left)}
    rest["rest_unfit"] = [asdict(each) for each in decided.rest_unfit]
    rest["called_off"] = decided.called_off
    return as_json(decision_out(decided) | {"left": dict(decided.left), "unfit": unfit} | rest)


@contextmanager
def _pointed() -> Iterator[None]:
    """What is wrong is pointed at where it stands in the body; of what the body has no place for the name is told."""
    try:
        yield
    except Invalid as error:
        told = f"{error.problem}: {error.remedy}"
        root, fields = ("/corrected", CORRECTED) if error.argument == "corrected" else ("", CHOSEN)
        if error.field in fields:
            raise Problem("invalid", told, root + pointer_of(error.field)) from None
        raise Problem("invalid", f"{error.field}: {told}", root or None) from None


def _failed(body: Mapping[str, Any], of: Mapping[str, Any]) -> Failed:
    given = _known("", body, (*CHOSEN, "corrected", "dry_run"))
    chosen = {name: given[name] for name in CHOSEN if given.get(name) is not None}
    for name in ("since", "until"):
        if name in chosen:
            chosen[name] = iso(name, chosen[name])
    return Failed(**of, **chosen)


def _corrected(given: Any) -> Corrected | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Invalid("corrected", "is no JSON object", "send one, like {...}")
    return Corrected(**_known("corrected.", given, CORRECTED))


def _known(within: str, given: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    known_fields(given, names, "there is no such field", within=within)
    return given


def _outlook_out(outlook: Outlook) -> dict[str, Any]:
    names = ("messages", "going", "segments", "dong", "helpless", "counted", "more", "ways", "unfit")
    sums = {name: getattr(outlook, name) for name in names}
    lines = [asdict(line) for line in outlook.lines]
    sums["rules"] = outlook.rules
    return sums | {"lines": lines, "left": dict(outlook.left), "may_arrive": dict(outlook.may_arrive)}
