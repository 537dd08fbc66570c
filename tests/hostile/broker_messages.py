"""What somebody could push to a queue: no task in every way that we thought of, and ordinary messages bent by dice.

Each is an envelope as kombu writes it for Redis, or bytes in its place; `floods` makes of it what RabbitMQ carries.
"""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from uuid import uuid4

from worker.queues import Queue

Item = dict[str, Any] | bytes

TASK = "worker.enqueue_sms"
FIELDS = {"to": "0901000100", "content": "Ma: 7", "sms_type": 7, "source": "legacy"}
EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}

JUNK: list[Any] = [
    None, True, False, 0, -1, 1e308, 2**63, 10**400, "", "x", "\0", "\ud800", "a\nb", "\x1b[2J", "9" * 5000, "é" * 300,
    [], [[]], [None], [1, 2, 3], {}, {"a": 1}, {"": {}}, {"__type__": "datetime", "__value__": "x"},
    {"__type__": "uuid", "__value__": {"int": -1}}, {"__type__": "decimal", "__value__": "NaN"},
    {"__type__": "bytes", "__value__": 1}, {"__type__": [], "__value__": 0}, "9999-12-31T23:59:59-14:00", "0001-01-01",
    "utf-16", "rot13", "zlib", "idna", "application/x-python-serialize", "pickle", "json",
]  # fmt: skip


def body(args: Any = (), kwargs: Any = None, embed: Any = None) -> bytes:
    """A task's body by Celery's second protocol."""
    told = [list(args) if isinstance(args, tuple) else args, FIELDS if kwargs is None else kwargs, embed or EMBED]
    return json.dumps(told).encode()


def message(payload: bytes | None = None, *, queue: str = "enqueue", **headers: Any) -> dict[str, Any]:
    """An envelope as another application's Celery pushes it."""
    return {
        "body": base64.b64encode(body() if payload is None else payload).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": TASK, "id": str(uuid4()), "eta": None, "expires": None} | headers,
        "properties": {
            "correlation_id": str(uuid4()),
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
        },
    }


def good(reference: str) -> dict[str, Any]:
    """A code to somebody."""
    return message(body(kwargs=FIELDS | {"reference": reference}))


def without(path: str) -> dict[str, Any]:
    """An ordinary message that lacks this."""
    made = message()
    *outer, last = path.split(".")
    holder: Any = made
    for name in outer:
        holder = holder[name]
    del holder[last]
    return made


def with_(path: str, value: Any) -> dict[str, Any]:
    """An ordinary message that has this instead."""
    made = message()
    *outer, last = path.split(".")
    holder: Any = made
    for name in outer:
        holder = holder[name]
    holder[last] = value
    return made


# Everywhere and always no task: on whichever queue, it is counted and nothing else happens.
NO_TASKS: dict[str, Item] = {
    "an object that is no envelope": b'{"a":1}',
    "nothing": b"",
    "no text": b"\xff\xfe\x00\x01",
    "no JSON": b"{",
    "a number": b"1",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"worker.enqueue_sms"',
    "a number of five thousand digits": b"9" * 5000,
    "lists in lists": b"[" * 100_000,
    "objects in objects": b'{"a":' * 100_000,
    "a lone surrogate": b'{"body": "\\ud800", "properties": {}}',
    "not a number": b"NaN",
    "no properties": without("properties"),
    "properties that are a list": with_("properties", []),
    "headers that are a list": with_("headers", [1]),
    "headers that are a text": with_("headers", "x"),
    "no headers": without("headers"),
    "empty headers": with_("headers", {}),
    "no body": without("body"),
    "a body that is null": with_("body", None),
    "a body that is a number": with_("body", 7),
    "a body that is an object": with_("body", {"args": []}),
    "a body that is no base64": with_("body", "é"),
    "a body with half of base64": with_("body", "W"),
    "an encoding nobody knows": with_("properties.body_encoding", "rot13"),
    "an encoding that is a list": with_("properties.body_encoding", [1]),
    "no content type": without("content-type"),
    "a content type that is a list": with_("content-type", ["application/json"]),
    "pickle": with_("content-type", "application/x-python-serialize"),
    "yaml": with_("content-type", "application/x-yaml"),
    "plain bytes": with_("content-type", "application/data"),
    "a codec that turns letters": with_("content-encoding", "rot13"),
    "a codec that is none": with_("content-encoding", "x" * 1000),
    "an encoding that is an object": with_("content-encoding", {"a": 1}),
    "UTF-16": with_("content-encoding", "utf-16"),
    "gzip": message(zlib.compress(body()), compression="application/x-gzip"),
    "a bomb of gzip": message(zlib.compress(b"0" * 50_000_000), compression="application/x-gzip"),
    "a compression nobody knows": message(compression="x" * 100),
    "a compression that is a list": message(compression=[1]),
    "no task": without("headers.task"),
    "a task that is null": with_("headers.task", None),
    "a task that is a number": with_("headers.task", 5),
    "a task that is a list": with_("headers.task", ["worker.enqueue_sms"]),
    "a task that is an object": with_("headers.task", {}),
    "a task that is nobody's": message(task="os.system"),
    "a task of another application": message(task="shop.tasks.charge"),
    "a task with a name of a megabyte": message(task="x" * 1_000_000),
    "Celery's own map": message(body(kwargs={"task": "worker.deliver", "it": [[]]}), task="celery.map"),
    "Celery's own chord": message(task="celery.chord_unlock"),
    "Celery's own clean-up": message(task="celery.backend_cleanup"),
    "the task that counts": message(
        body(kwargs={"queue": "x", "reason": "y", "size": 1, "task_id": None}), task="worker.count_refused"
    ),
    "no id": without("headers.id"),
    "an id that is null": with_("headers.id", None),
    "an id that is a number": with_("headers.id", 7),
    "an id that is a list": with_("headers.id", ["a"]),
    "an id that is an object": with_("headers.id", {"a": 1}),
    "an id with a line break": with_("headers.id", "a\nERROR all is lost"),
    "an id of ten thousand letters": with_("headers.id", "x" * 10_000),
    "an empty id": with_("headers.id", ""),
    "a body that is no JSON": message(b"{"),
    "a body of nothing": message(b""),
    "a body of bytes": message(b"\xff\xff"),
    "a body that is null JSON": message(b"null"),
    "a body that is an empty list": message(b"[]"),
    "a body of two": message(b"[[], {}]"),
    "a body of four": message(b"[[], {}, {}, {}]"),
    "a body of deep lists": message(b"[" * 20_000 + b"]" * 20_000),
    "deep arguments": message(b"[[], {" + b'"a": ' * 1 + b"[" * 400 + b"]" * 400 + b"}, {}]"),
    "a marked value of no type": message(body(kwargs={"a": {"__type__": "nope", "__value__": 1}})),
    "a marked uuid that is none": message(body(kwargs={"a": {"__type__": "uuid", "__value__": 1}})),
    "a marked date that is none": message(body(kwargs={"a": {"__type__": "datetime", "__value__": "x"}})),
    "a marked type that is a list": message(body(kwargs={"a": {"__type__": [], "__value__": 1}})),
    "arguments that are an object": message(body(args={"a": 1})),
    "arguments that are null": message(body(args=None)),
    "named arguments that are a list": message(body(kwargs=["to"])),
    "named arguments that are a text": message(body(kwargs="to")),
    "named arguments that are a number": message(body(kwargs=5)),
    "arguments without names": message(body(args=["0901000100"])),
    "a callback": message(body(embed=EMBED | {"callbacks": [{"task": "worker.deliver", "args": []}]})),
    "an errback": message(body(embed=EMBED | {"errbacks": [{"task": "worker.deliver"}]})),
    "a chain": message(body(embed=EMBED | {"chain": [{"task": "worker.cancel_event", "kwargs": {}}]})),
    "a chord": message(body(embed=EMBED | {"chord": {"task": "worker.poll"}})),
    "callbacks that are a text": message(body(embed=EMBED | {"callbacks": "x"})),
    "a date to expire that is a number": message(expires=1e300),
    "a date to expire that is a list": message(expires=[1]),
    "a date to expire that is no date": message(expires="tomorrow"),
    "a date to expire beyond the calendar": message(expires="0001-01-01T00:00:00+14:00"),
    "a date to run that is an object": message(eta={"a": 1}),
    "a date to run that is a number": message(eta=5),
    "a date to run that is no date": message(eta="soon"),
    "a first protocol without arguments": message(b'{"task": "worker.enqueue_sms", "id": "a", "kwargs": 5}', task=None)
    | {"headers": {}},
    "a first protocol with a list for a task": message(b'{"task": [], "id": "a"}') | {"headers": {}},
    "a first protocol with an object for an id": message(b'{"task": "worker.enqueue_sms", "id": {}}') | {"headers": {}},
}

# A task, told with what is no business of its sender's, or told oddly: it is done, and the rest is not looked at.
TASKS: dict[str, Item] = {
    "no delivery tag": without("properties.delivery_tag"),
    "a delivery tag that is an object": with_("properties.delivery_tag", {"a": 1}),
    "a delivery tag that is a list": with_("properties.delivery_tag", [1]),
    "no way": without("properties.delivery_info"),
    "a way that is a text": with_("properties.delivery_info", "x"),
    "a way without an exchange": with_("properties.delivery_info", {"routing_key": "enqueue"}),
    "a way to another queue": with_("properties.delivery_info", {"exchange": "nowhere", "routing_key": "urgent"}),
    "no encoding of the body": with_("body", body().decode()) | {"properties": {}},
    "a priority that is an object": with_("properties.priority", {}),
    "limits of time": message(timelimit=[0.001, 0.001]),
    "limits of time that are none": message(timelimit="soon"),
    "another name for the log": message(shadow="a\nb" * 100),
    "a shadow that is an object": message(shadow={}),
    "stamps": message(stamped_headers=5, stamps=[1]),
    "a reply wanted": with_("properties.reply_to", "urgent"),
    "texts for the log": message(argsrepr=5, kwargsrepr={"a": 1}),
    "no result wanted": message(ignore_result="no", retries="many", group={}, root_id=[], parent_id=5),
    "given back a thousand times": message(redelivered="x"),
}


def bent(dice: random.Random) -> Item:
    """An ordinary message with one to three things in it replaced, left out, or cut off."""
    made = deepcopy(message())
    for _ in range(dice.randint(1, 3)):
        holder: Any = dice.choice([made, made["headers"], made["properties"]]) if _sound(made) else made
        if holder:
            name = dice.choice(list(holder))
            holder[name] = dice.choice(JUNK)
            if dice.random() < 0.3:
                del holder[name]
    if dice.random() < 0.3:
        made["body"] = base64.b64encode(_bent_body(dice)).decode()
    whole = json.dumps(made).encode()
    return made if dice.random() < 0.8 else whole[: dice.randrange(len(whole))]


def _sound(made: dict[str, Any]) -> bool:
    return isinstance(made.get("headers"), dict) and isinstance(made.get("properties"), dict)


def _bent_body(dice: random.Random) -> bytes:
    told: list[Any] = [[], dict(FIELDS), dict(EMBED)]
    place = dice.randrange(4)
    if place == 3:
        told.append(dice.choice(JUNK))
    elif dice.random() < 0.5:
        told[place] = dice.choice(JUNK)
    elif place:
        told[place][dice.choice([*FIELDS, "nonsense", "", "a\nb"])] = dice.choice(JUNK)
    return json.dumps(told).encode()


def hostile(count: int, seed: int = 1) -> Iterator[tuple[str, Item]]:
    """So many, each for one of the queues: first each that we thought of, then bent ones."""
    dice = random.Random(seed)
    queues = [queue.value for queue in Queue]
    thought = [*NO_TASKS.values(), *TASKS.values()]
    for number in range(count):
        yield dice.choice(queues), thought[number] if number < len(thought) else bent(dice)


def as_redis(item: Item) -> bytes:
    """As it lies in the list."""
    return item if isinstance(item, bytes) else json.dumps(item).encode()
