"""`/v1/messages`: hand over one or many, ask what became of them, decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import repeat
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from worker.access import May
from worker.api.notifier import Notifier
from worker.api.tokens import TokenRow
from worker.checks import LABEL_MOST, iso, known_fields, label
from worker.errors import Conflict, Invalid
from worker.intake import Enqueue, Ticket
from worker.intake.fields import enqueue_of, kind_of
from worker.lifecycle import Kind
from worker.web.access import needs
from worker.web.answers import as_json, cancel_out, decision_out, ticket_out
from worker.web.bodies import date_of, json_of
from worker.web.door import entrance_for, named, producer_for, source_for
from worker.web.problems import Problem, body_of, language_of, problem_of
from worker.web.retrying import answer, retry_schema
from worker.web.schemas import (
    AT_ONCE,
    MOVE,
    BatchOut,
    CancelOut,
    DecisionOut,
    RetryOut,
    TicketOut,
    batch_schema,
    body,
    message_schema,
    optional_body,
    problems,
)

router = APIRouter(prefix="/v1/messages", tags=["messages"])
PROBLEMS = problems("invalid", "malformed", "conflict", "too-large", "too-slow")
CREATED, OK = 201, 200

Sender = Annotated[TokenRow, Depends(needs(May.ENQUEUE))]
Reader = Annotated[TokenRow, Depends(needs(May.READ))]
Decider = Annotated[TokenRow, Depends(needs(May.DECIDE))]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


@router.post(
    "",
    status_code=CREATED,
    response_model=TicketOut | BatchOut,
    responses=PROBLEMS | {OK: {"model": TicketOut | BatchOut, "description": "A repeat, or the results of many"}},
    openapi_extra=body({"anyOf": [message_schema(), batch_schema()]}),
)
async def enqueue(request: Request, holder: Sender, idempotency_key: Key = None) -> Response:
    """Hand over one message, or up to 10,000 as a list (or as `{"messages": […], "atomic": true}`).

    One: 201, or 200 where its reference was there already. `Idempotency-Key` is the reference of one that gives none.
    Many: each has a result of its own, in order; with `atomic`, one that is refused refuses all. Of those that give no
    reference `Idempotency-Key` makes one: the key, a slash and the place in the list, from 0.
    """
    entrance, given = entrance_for(request, holder), await json_of(request)
    if isinstance(given, list) or (isinstance(given, dict) and "messages" in given):
        key = _key_of(idempotency_key, most=LABEL_MOST - len(f"/{AT_ONCE - 1}"))
        return await _many(entrance.notifier, holder, given, key, language_of(request))
    key = _key_of(idempotency_key)
    try:
        ticket = await entrance.gathering.put(_item(holder, given, key))
    except Conflict as error:
        raise _problem(error, key) from None
    return as_json(ticket_out(ticket), OK if ticket.repeated else CREATED)


def _key_of(header: str | None, most: int = LABEL_MOST) -> str | None:
    """Raises Invalid: who sends an empty one believes to be safe."""
    if header is None:
        return None
    with suppress(UnicodeError):  # a header comes byte by byte; most write UTF-8
        header = header.encode("latin-1").decode()
    return label("Idempotency-Key", header, most=most, remedy="give a key, or leave the header out")


def _item(holder: TokenRow, given: Any, key: str | None = None) -> Enqueue:
    """Raises Problem, Invalid."""
    if not isinstance(given, dict):
        raise Invalid("messages", "is no JSON object", "send one, like {...}")
    fields = dict(given)
    fields["source"] = source_for(holder, fields.get("source"))
    if key is not None and fields.get("reference") is None:
        fields["reference"] = key
    return enqueue_of(kind_of(fields.pop("kind", Kind.SMS.value)), fields)


async def _many(producer: Notifier, holder: TokenRow, given: Any, key: str | None, language: str) -> Response:
    messages, atomic = _taken_apart(given)
    keys = repeat(None) if key is None else (f"{key}/{place}" for place in range(len(messages)))
    items = map(partial(_item_or_invalid, holder), messages, keys)  # one by one: Postgres stores some meanwhile
    answers = await to_thread.run_sync(lambda: producer.enqueue_each(items, atomic=atomic))
    refused = {place: answer for place, answer in enumerate(answers) if not isinstance(answer, Ticket)}
    if atomic and refused:
        raise _none_stored(refused, key, language)
    accepted = len(answers) - len(refused)
    return as_json(
        {"accepted": accepted, "refused": len(refused), "results": [_result(each, key, language) for each in answers]}
    )


def _problem(error: Invalid | Conflict, key: str | None, within: str = "") -> Problem:
    """Who gave a key, and no reference, is told of the key."""
    if key is None or not isinstance(error, Conflict) or not _is_made_of(error.reference, key):
        return problem_of(error, within)
    problem = f"{key!r} came with another content before"
    detail = f"Idempotency-Key: {problem}: use a new key, or send the same content"
    return Problem("conflict", detail, within or None)


def _is_made_of(reference: str, key: str) -> bool:
    """A key may hold a slash."""
    return reference == key or reference.rpartition("/")[0] == key


def _none_stored(refused: Mapping[int, Invalid | Conflict], key: str | None, language: str) -> Problem:
    errors = [body_of(_problem(error, key, f"/messages/{place}"), language) for place, error in refused.items()]
    return Problem("invalid", "none was stored: fix these, or leave atomic out", "/messages", more={"errors": errors})


def _taken_apart(given: Any) -> tuple[list[Any], bool]:
    if isinstance(given, list):
        messages, atomic = given, False
    else:
        messages, atomic = given["messages"], given.get("atomic", False)
        known_fields(given, ("messages", "atomic"), "there is no such field")
    if not isinstance(messages, list) or not isinstance(atomic, bool):
        raise Problem("malformed", "messages is a list, and atomic true or false")
    if not 0 < len(messages) <= AT_ONCE:
        raise Problem("invalid", f"holds {len(messages):,}: send 1 to {AT_ONCE:,} at once", "/messages")
    return messages, atomic


def _item_or_invalid(holder: TokenRow, given: Any, key: str | None) -> Enqueue | Invalid:
    try:
        return _item(holder, given, key)
    except Invalid as error:
        return error
    except Problem as problem:
        return Invalid("source", problem.detail, "leave it out")


def _result(answer: Ticket | Invalid | Conflict, key: str | None, language: str) -> Mapping[str, Any]:
    if isinstance(answer, Ticket):
        return {"ticket": ticket_out(answer)}
    return {"problem": body_of(_problem(answer, key), language)}


@router.get("", responses=problems("invalid", "not-found"))
def find(
    request: Request,
    holder: Reader,
    reference: Annotated[str | None, Query(max_length=200)] = None,
    source: Annotated[str | None, Query(max_length=200)] = None,
    to: Annotated[str | None, Query(max_length=40, description="A number, in any spelling.")] = None,
    since: Annotated[str | None, Query(description="ISO 8601.")] = None,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the answer before.")] = None,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """By `reference`: the notification. By `to`: messages to this number, the newest first, page by page."""
    producer = producer_for(request, holder)
    of = source_for(holder, source) or source
    if reference is not None and to is not None:
        raise Problem("invalid", "give reference or to, not both", "/to")
    if reference is not None:
        return as_json(producer.show(producer.find(reference, of)).as_json())
    if to is None:
        raise Problem("invalid", "give reference or to", "/reference")
    moment = iso("since", since) if since else None
    return as_json(producer.reports.messages_to(to, source=of, since=moment, after=cursor, most=most))


@router.get("/{id}", responses=problems("not-found"))
def show(
    request: Request,
    id: str,
    holder: Reader,
    after: Annotated[UUID | None, Query(description="`more` of the answer before.")] = None,
    most: Annotated[int | None, Query(ge=1, le=1000, description="Messages; left out: all.")] = None,
) -> Response:
    """All about what was asked for: its messages, some or all, and every request made for each."""
    producer = producer_for(request, holder)
    return as_json(producer.show(named(producer, id), after=after, most=most).as_json())


@router.post("/{id}:cancel", response_model=CancelOut, responses=problems("not-found"))
def cancel(request: Request, id: str, holder: Decider) -> Response:
    """Cancel what has not been claimed yet; what it is too late for is told."""
    producer = producer_for(request, holder)
    return as_json(cancel_out(producer.cancel(named(producer, id))))


@router.post(
    "/{id}:move",
    response_model=DecisionOut,
    responses=problems("not-found", "invalid", "malformed"),
    openapi_extra=body(MOVE),
)
async def move(request: Request, id: str, holder: Decider) -> Response:
    """Give what has not been claimed yet another `send_date`."""
    date, producer = await date_of(request), producer_for(request, holder)
    return as_json(decision_out(await to_thread.run_sync(lambda: producer.move(named(producer, id), date))))


@router.post(
    "/{id}:retry",
    response_model=RetryOut,
    responses=problems("not-found", "invalid", "malformed"),
    openapi_extra=optional_body(retry_schema()),
)
async def retry(request: Request, id: str, holder: Decider) -> Response:
    """Queue again what failed of it, all or as the body chooses and corrects; with `dry_run`, what that would do."""
    producer = producer_for(request, holder)
    of = await to_thread.run_sync(named, producer, id)
    return await answer(request, producer, holder.name, ids=[of])
