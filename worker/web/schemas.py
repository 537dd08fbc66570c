"""What bodies look like, for `/openapi.json`: made of the same classes that Python producers use.

A body's values are checked by `worker.intake` and its like, as everybody's are; these schemas only describe them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from worker.contacts import ContactFields
from worker.intake import Enqueue
from worker.intake.fields import BESIDES, MAKERS, NEEDED
from worker.law.outlook import RuleOutlook
from worker.lifecycle import Kind
from worker.reminders import Channel
from worker.reminders.invitations import Event
from worker.web.problems import KINDS, MEDIA_TYPE

Schema = dict[str, Any]
AT_ONCE = 10_000  # messages in one request
MOVE: Schema = {"type": "object", "properties": {"send_date": {"type": "string"}}, "required": ["send_date"]}


class Model(BaseModel):
    """An answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class TicketOut(Model):
    """What became of one request to send."""

    id: str
    """The notification's: ask, cancel and retry by it."""
    messages: int
    """Recipients, each counted once."""
    repeated: bool
    """The reference was there already: this is the first ticket, and nothing new was stored."""
    duplicates: list[str]
    """Recipients that were named again."""
    opted_out: list[str]
    """Recipients who want none of this: their messages were cancelled at once."""
    warnings: list[str] = []
    """What was taken all the same, one line each: a service text that reads like advertising, say."""
    rules: list[RuleOutlook] = []
    """What sending rules would do to its messages as things stand: a note, no promise."""


class ProblemOut(Model):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = None
    """The field, as a JSON pointer into the body."""


class BatchItemOut(Model):
    """Of one of many: its ticket, or why it was refused."""

    ticket: TicketOut | None = None
    problem: ProblemOut | None = None


class BatchOut(Model):
    """Of many, in their order."""

    accepted: int
    refused: int
    results: list[BatchItemOut]


class DecisionOut(Model):
    """What a cancel, move or retry did."""

    moved: int
    """Messages."""
    others: dict[str, int]
    """Where those stand that it did not move, and how many."""
    too_late: dict[str, int]
    """Why, in words, and how many."""


class CancelOut(DecisionOut):
    """What a cancel did."""

    called_off: int = 0
    """Of a campaign: how many more were still to be sent again by reruns, and are not."""


class UnfitOut(Model):
    """Why some can't be sent corrected like this."""

    field: str
    """Of a template all that somebody lacks."""
    problem: str
    remedy: str
    messages: int


class RetryOut(Model):
    """What a retry did; of a dry run what it would do, and other fields: see docs/send-again.md."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="allow")

    moved: int = 0
    """Messages that are queued again now."""
    rest: int = 0
    """How many follow by themselves once the first hundred have not all failed alike."""
    rest_left: dict[str, int] | None = None
    """Of the rest, as things stand: why some stay as they are, and how many; null: a dry run tells it."""
    rest_unfit: list[UnfitOut] = []
    """Of these, why what can't be sent corrected like this can't."""
    left: dict[str, int] = {}
    """Why what failed stays as it is, and how many."""
    unfit: list[UnfitOut] = []
    """Of these, why what can't be sent corrected like this can't."""
    others: dict[str, int] = {}
    """Where those stand that it did not move, and how many."""
    called_off: int = 0
    """How many were still to follow, and do not: their campaign was cancelled meanwhile."""


class RestOut(Model):
    """What a rerun has still to come to, as things stand."""

    messages: int
    """That failed, those that stay included; 0: it is over, or others have seen to them since."""
    stay: int
    """Of these, those that are known to stay as they are even if it goes on."""
    left: dict[str, int] | None
    """Why, and how many; null: that was not looked at, since they are too many."""
    unfit: list[UnfitOut]
    """Of these, why what can't be sent corrected like this can't."""


class RerunOut(Model):
    """What was asked to be sent again, and how far that is."""

    id: str
    asked_by: str
    campaign: str | None
    messages: int
    """That were chosen."""
    moved: int
    """Of these, those that went out."""
    state: str
    """trying (the first hundred are on their way), going, done, stopped."""
    code: str | None
    """Where it stopped itself, that all of them failed with; null: a fault of ours stopped it."""
    decided_at: str | None
    """When it was over, or stopped itself."""
    rest: RestOut


class GoneOnOut(Model):
    """What goes out after all."""

    rest: int
    """How many messages, at most."""


class LetGoOut(Model):
    """What was to follow messages and was set aside is looked at again; of a dry run how many would be."""

    let_go: int
    """Messages that something was to follow."""
    dry_run: bool


class ForgotOut(Model):
    """What became of all that stands about somebody; of a dry run what would."""

    cancelled: int
    """Messages that waited."""
    removed: dict[str, int]
    """Rows, by table."""
    waiting: int
    """Messages that are emptied by themselves, each once it has been over for a day; asked again, how many still."""
    stays: dict[str, int]
    """Rows, by table."""
    why: dict[str, str]
    """Of these tables: why they stay."""
    shared: int
    """Of somebody who was named by a key: numbers that another contact has too, so that these stay."""


class EventOut(Model):
    """Something that happened."""

    type: str
    timestamp: str
    number: int
    """The greater of two about one message is the later."""
    cursor: str
    data: dict[str, Any]


class EventsOut(Model):
    """Some of the log, in order."""

    events: list[EventOut]
    next: str
    """What to give as `after` next time."""
    more: bool


class DoneOut(Model):
    """Whether anything changed."""

    changed: bool


@cache
def message_schema() -> Schema:
    """One request to send, of any kind."""
    return {"anyOf": [_request_schema(kind) for kind in Kind]}


def batch_schema() -> Schema:
    """Many, as a list or with `atomic`."""
    many = {"type": "array", "items": message_schema(), "maxItems": AT_ONCE}
    whole = {"messages": many, "atomic": {"type": "boolean", "default": False}}
    return {"anyOf": [many, _object(whole, ["messages"])]}


def _request_schema(kind: Kind) -> Schema:
    own, besides = inlined(MAKERS[kind]), inlined(Enqueue)
    properties = {"kind": {"const": kind.value}} | own["properties"]
    properties |= {name: schema for name, schema in besides["properties"].items() if name in BESIDES}
    needed = [*NEEDED[kind], *(["kind"] if kind is not Kind.SMS else [])]
    return _object(properties, needed) | {"title": MAKERS[kind].__name__, "description": own.get("description", "")}


@cache
def contact_schema() -> Schema:
    """A person, but for the key, which stands in the address."""
    return _without(ContactFields, "key")


@cache
def event_schema() -> Schema:
    """An event, but for the key, which stands in the address."""
    channel = inlined(Channel)["properties"]
    return _without(Event, "key", "channel", besides=channel)


def _without(kind: Any, *left_out: str, besides: Mapping[str, Schema] | None = None) -> Schema:
    """Those that stand elsewhere, and the source, which is the token's, need not be given."""
    whole = inlined(kind)
    properties = {name: schema for name, schema in whole["properties"].items() if name not in left_out}
    needed = [name for name in whole.get("required", ()) if name not in {*left_out, "source"}]
    return _object(properties | dict(besides or {}), needed)


def _object(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    made: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return made | ({"required": required} if required else {})


def inlined(kind: Any) -> Schema:
    """Its JSON schema, with what it refers to put in place."""
    schema = TypeAdapter(kind).json_schema()
    shared = schema.pop("$defs", {})

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return put(shared[value["$ref"].rsplit("/", 1)[1]])
            return {name: put(inner) for name, inner in value.items() if name != "title"}
        return [put(inner) for inner in value] if isinstance(value, list) else value

    made: Schema = put(schema)
    return made


def body(schema: Schema) -> Schema:
    """`openapi_extra` of a route whose body we read ourselves."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def optional_body(schema: Schema) -> Schema:
    """The same, where it may be left out."""
    return {"requestBody": {"required": False, "content": {"application/json": {"schema": schema}}}}


def problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: these, and what every route may answer."""
    found: dict[int | str, dict[str, Any]] = {}
    for name in (*kinds, "invalid", "unauthorized", "forbidden", "too-fast", "unavailable"):
        status = int(KINDS[name].status)
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
        found[status] = {"model": ProblemOut, "description": KINDS[name].en, "content": content}
    unread = found.setdefault(400, {"description": "No HTTP request that can be read", "content": {}})
    unread["content"]["text/plain"] = {"schema": {"type": "string"}}  # by the server, before any of our code
    return found
