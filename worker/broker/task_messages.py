"""What came by a queue, as a task that we take: read strictly, rebuilt from what we know, everything else left behind.

A message from a broker is a stranger's. Celery believes it: which task, with which callbacks, until when it may run and
when it is to run; a header of the wrong type ends the whole worker, and the message comes back to the next one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from kombu.utils.json import dumps, loads

from worker.checks import deeper
from worker.queues import QUEUE_OF, Queue, Task, kind_of, source_of
from worker.refusals import Refusal
from worker.settings.reader import OpenQueue

SIZE_MOST = 4 * 1024 * 1024  # bytes of a message as it lies in the broker; a campaign of 100,000 numbers fits
DEPTH_MOST = 16  # lists and tables within each other; our own fields need four
ID_MOST = 255  # characters

READ = ("task", "id", "eta", "expires", "compression")  # headers; nobody looks at another one
REFUSAL, SIZE = "esms-refusal", "esms-size"  # headers that a transport sets where it could not open the envelope

_printable = re.compile(r"[\x20-\x7e]+").fullmatch


class NoTask(Exception):
    """This is no task of ours; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as it came, nothing of it believed. queue: where from, by our own knowledge."""

    queue: str
    headers: Any
    body: Any
    content_type: Any
    content_encoding: Any


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """A task of ours: by its name, with its named arguments. expires: in UTC; nobody runs it after that."""

    task: Task
    kwargs: dict[str, Any] = field(repr=False)
    id: str = field(default_factory=lambda: str(uuid4()))
    expires: datetime | None = None

    def headers(self) -> dict[str, Any]:
        """As Celery's second protocol has them; what is not here can't be asked of us."""
        when = {"expires": self.expires.isoformat()} if self.expires else {}
        return {"lang": "py", "task": self.task.value, "id": self.id} | when

    def body(self) -> bytes:
        """Arguments, named arguments, and no options."""
        text: str = dumps([[], self.kwargs, {}])
        return text.encode()


@dataclass(frozen=True, slots=True)
class Rule:
    """Whose messages the open queue takes. sources: who has a queue of its own."""

    sources: tuple[str, ...] = ()
    open_queue: OpenQueue = "any"


def task_message(came: Delivered, rule: Rule = Rule()) -> TaskMessage:
    """The task that it is. Raises NoTask."""
    headers = came.headers if isinstance(came.headers, Mapping) else {}
    if REFUSAL in headers:
        raise NoTask(_refusal(headers[REFUSAL]))
    _check_format(came, headers)
    told, arguments, kwargs, options = _parts(headers, _json(came.body))
    if any(options.get(name) for name in ("callbacks", "errbacks", "chain", "chord")):
        raise NoTask(Refusal.FOLLOWED)
    if arguments:
        raise NoTask(Refusal.POSITIONAL)
    task = _task(told.get("task"), came.queue)
    kwargs = _checked(task, kwargs) | _waiting(task, kwargs, _moment(told.get("eta")))
    id_, expires = _id(told.get("id")), _moment(told.get("expires"))
    if QUEUE_OF[task] == Queue.ENQUEUE and task is not Task.NOTE_LISTENER:
        _check_in_time(expires)
        return TaskMessage(task, _sourced(kwargs, came.queue, rule), id_)  # in time: taken in, however long that takes
    return TaskMessage(task, kwargs, id_, expires)


def put_away(came: Delivered, refusal: Refusal) -> TaskMessage:
    """The task that counts a refused message. Of that it keeps the size, and the id if that is a random one."""
    headers = came.headers if isinstance(came.headers, Mapping) else {}
    facts = {"queue": came.queue, "reason": refusal.name, "size": _size(came), "task_id": _random_id(headers.get("id"))}
    return TaskMessage(Task.COUNT_REFUSED, facts)


def _size(came: Delivered) -> int:
    told = came.headers.get(SIZE) if isinstance(came.headers, Mapping) else None
    return told if isinstance(told, int) else len(came.body) if isinstance(came.body, bytes | str) else 0


def _refusal(name: Any) -> Refusal:
    return Refusal.__members__.get(name, Refusal.NO_ENVELOPE) if isinstance(name, str) else Refusal.NO_ENVELOPE


def _check_format(came: Delivered, headers: Mapping[Any, Any]) -> None:
    if headers.get("compression"):
        raise NoTask(Refusal.COMPRESSED)
    encoding = came.content_encoding or "utf-8"
    plain = isinstance(encoding, str) and encoding.lower() in ("utf-8", "utf8", "us-ascii", "ascii")
    if came.content_type != "application/json" or not plain:
        raise NoTask(Refusal.FORMAT)


def _json(body: Any) -> Any:
    """kombu's JSON: its marked dates and numbers are read, and only they."""
    if not isinstance(body, bytes | str):
        raise NoTask(Refusal.NO_JSON)
    if len(body) > SIZE_MOST:
        raise NoTask(Refusal.TOO_LARGE)
    try:
        found = loads(body)
    except RecursionError:
        raise NoTask(Refusal.TOO_DEEP) from None
    except Exception:  # noqa: BLE001 — a marked value of the wrong kind raises whatever its type does
        raise NoTask(Refusal.NO_JSON) from None
    if deeper(found, DEPTH_MOST):
        raise NoTask(Refusal.TOO_DEEP)
    return found


def _parts(headers: Mapping[Any, Any], body: Any) -> tuple[Mapping[Any, Any], Any, Any, Mapping[Any, Any]]:
    """What is told of the task, its arguments and its options: by Celery's second protocol, or its first."""
    if "task" not in headers and isinstance(body, dict) and "task" in body:
        return body, body.get("args"), body.get("kwargs", {}), body
    if not isinstance(body, list) or len(body) != 3 or not isinstance(body[0], list):
        raise NoTask(Refusal.NO_ARGUMENTS)
    return headers, body[0], body[1], body[2] if isinstance(body[2], dict) else {}


def _task(name: Any, queue: str) -> Task:
    try:
        task = Task(name)
    except ValueError:
        raise NoTask(Refusal.NO_TASK) from None
    if QUEUE_OF.get(task) != kind_of(queue):
        raise NoTask(Refusal.NO_TASK)
    return task


def _checked(task: Task, kwargs: Any) -> dict[str, Any]:
    if not isinstance(kwargs, dict):
        raise NoTask(Refusal.NO_MAPPING)
    if kwargs and (task is Task.NOTE_LISTENER or QUEUE_OF[task] != Queue.ENQUEUE):
        raise NoTask(Refusal.NEEDLESS)
    return kwargs


def _sourced(kwargs: dict[str, Any], queue: str, rule: Rule) -> dict[str, Any]:
    """Whose own queue it came by, its source is that one; it can't say otherwise."""
    own, told = source_of(queue), kwargs.get("source")
    if own is not None:
        if told not in (None, "", own):
            raise NoTask(Refusal.FOREIGN)
        return kwargs | {"source": own}
    if rule.open_queue == "none":
        raise NoTask(Refusal.CLOSED)
    if rule.open_queue == "others" and told in rule.sources:
        raise NoTask(Refusal.FOREIGN)
    return kwargs


def _check_in_time(expires: datetime | None) -> None:
    """Celery would drop it without a word."""
    if expires is not None and expires <= datetime.now(UTC):
        raise NoTask(Refusal.EXPIRED)


DATED = (Task.ENQUEUE_SMS, Task.ENQUEUE_TEMPLATE_CALL, Task.ENQUEUE_RECORD_CALL)


def _waiting(task: Task, kwargs: dict[str, Any], eta: datetime | None) -> dict[str, Any]:
    """A date to run at becomes the date to send at: Celery would hold the message in its memory until then."""
    if eta is None or QUEUE_OF[task] != Queue.ENQUEUE:
        return {}
    if task in DATED:
        return {} if kwargs.get("send_date") else {"send_date": eta.isoformat()}
    if eta > datetime.now(UTC):
        raise NoTask(Refusal.WAITS)
    return {}


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise NoTask(Refusal.WHEN) from None


def _id(value: Any) -> str:
    if not isinstance(value, str) or len(value) > ID_MOST or not _printable(value):
        raise NoTask(Refusal.NO_ID)
    return value


def _random_id(value: Any) -> str | None:
    """Somebody's own id may hold anything, a number too; a UUID holds nothing."""
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None
