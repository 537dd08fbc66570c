"""Celery's doorbells, one call each: `celery -A worker.tasks worker` and `celery -A worker.tasks beat`."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

from celery.beat import Service
from celery.exceptions import Reject
from celery.signals import (
    after_setup_logger,
    beat_init,
    celeryd_after_setup,
    worker_init,
    worker_ready,
    worker_shutting_down,
)

from worker import again, ending, maintenance, runtime, sweeps
from worker.api.answering import answer
from worker.api.inbox import Inbox
from worker.api.notifier import Notifier
from worker.api.operation import Operation
from worker.broker import guard_transports, keep_contents_out_of_logs
from worker.dumpable import forbid_dumps
from worker.errors import SettingsError, Unavailable, WorkerError
from worker.lifecycle import Kind, Lane
from worker.limiter import POLL
from worker.niceness import give_way
from worker.polling import Poller, find_lost
from worker.queues import QUEUE_OF, Queue, Task, kind_of, make_app, queues_of
from worker.reminders import EventChange, Scheduler
from worker.settings import Pace, ProviderSettings
from worker.telemetry import emit
from worker.webhooks import Caller

forbid_dumps()
guard_transports()
app = make_app()


@worker_init.connect
def _refuse_to_start_without_keys(**_: Any) -> None:
    try:
        runtime.make_client(ProviderSettings.from_environ(), in_flight=1).close()
        assert runtime.Runtime.from_environ().retention
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


@after_setup_logger.connect
def _let_our_facts_be_seen(**_: Any) -> None:
    logging.getLogger("worker").setLevel(logging.INFO)


keep_contents_out_of_logs()


@worker_ready.connect
def _worker_is_ready(**_: Any) -> None:
    emit("process.ready", part="worker")


@celeryd_after_setup.connect
def _give_way_to_codes(instance: Any, **_: Any) -> None:
    listened = {kind_of(queue) for queue in instance.app.amqp.queues.consume_from}
    if Queue.URGENT not in listened and listened != {Queue.ENQUEUE}:  # by which codes come in
        give_way(Pace.from_environ().nice)


@beat_init.connect
def _beat_is_ready(sender: Service, **_: Any) -> None:
    if current_thread() is main_thread():  # not so in a worker with a beat of its own, `-B`
        ending.after_this_tick(sender)
    emit("process.ready", part="beat")


@worker_shutting_down.connect
def _finish_what_is_in_flight(**_: Any) -> None:
    runtime.stop.ask()


@app.task(name=Task.DELIVER.value)
def deliver() -> None:
    """Send what is due in every lane, the urgent one first."""
    _deliver(Task.DELIVER, list(Lane))


@app.task(name=Task.DELIVER_URGENT.value)
def deliver_urgent() -> None:
    """Send what is due in the urgent lane, in a process of its own."""
    _deliver(Task.DELIVER_URGENT, [Lane.URGENT])


@app.task(name=Task.POLL.value)
def poll() -> None:
    """Ask what became of what was accepted."""

    def step(parts: runtime.Runtime) -> bool:
        poller = Poller(parts.database, parts.client, parts.polling, parts.limiter, parts.pace, parts.floors)
        more = poller.run(runtime.stop.asked)
        if not runtime.stop.asked() and parts.limiter.take(POLL, 1):
            find_lost(parts.database, parts.client, parts.polling, parts.pace)
        return more

    _answer(Task.POLL, step)


@app.task(name=Task.KEEP_HOUSE.value)
def keep_house() -> None:
    """Look after leases, dates, doubts, pauses and brandnames."""

    def step(parts: runtime.Runtime) -> bool:
        zone = parts.settings.time_zone.key
        maintenance.keep_house(parts.database, parts.client, parts.pace, zone, parts.retention, parts.marks)
        return False

    _answer(Task.KEEP_HOUSE, step)


@app.task(name=Task.REMIND.value)
def remind() -> None:
    """Make the reminders that are due."""

    def step(parts: runtime.Runtime) -> bool:
        until = time.monotonic() + parts.pace.drain.total_seconds()
        maker = Scheduler(parts.database, parts.settings, ahead=parts.pace.remind_ahead)
        more = maker.run(lambda: runtime.stop.asked() or time.monotonic() > until)
        parts.bell.ring(maker.due)
        return more

    _answer(Task.REMIND, step)


@app.task(name=Task.SEND_AGAIN.value)
def send_again() -> None:
    """What follows by itself where a message failed, the rest of reruns and of files, and sweeps."""

    def step(parts: runtime.Runtime) -> bool:
        is_over, more = _time_of(parts), True
        while more and not is_over():
            more = _again(parts)
        return more

    _answer(Task.SEND_AGAIN, step)


def _again(parts: runtime.Runtime) -> bool:
    """Some of each; what goes wrong with one kind keeps no other waiting."""
    database, settings = parts.database, parts.settings
    queued: list[bool] = []
    went: list[bool] = []
    steps: dict[str, Callable[[], object]] = {
        "follow what failed": lambda: queued.append(again.follow(database, settings)),
        "go on with files": lambda: queued.append(_notifier().uploads.go_on()),
        "go on with sweeps": lambda: queued.append(sweeps.go_on(database, settings)),
        "ring for these": lambda: parts.bell.ring(set(Lane) if any(queued) else set()),
        "go on with reruns": lambda: went.append(again.go_on_beside_codes(database, settings, parts.bell)),
    }
    maintenance.take(database, steps)
    return any(queued + went)


@app.task(name=Task.CALL_WEBHOOKS.value)
def call_webhooks() -> None:
    """Tell applications what happened."""

    def step(parts: runtime.Runtime) -> bool:
        return Caller(parts.database, private=parts.settings.webhooks_private).run(_time_of(parts))

    _answer(Task.CALL_WEBHOOKS, step)


@app.task(name=Task.ENQUEUE_SMS.value)
def enqueue_sms(**fields: Any) -> None:
    """For apps that have only the broker: the fields of Sms and of `enqueue`, dates as ISO 8601 text."""
    _enqueue(Kind.SMS, fields)


@app.task(name=Task.ENQUEUE_TEMPLATE_CALL.value)
def enqueue_template_call(**fields: Any) -> None:
    """The fields of TemplateCall and of `enqueue`."""
    _enqueue(Kind.TEMPLATE_CALL, fields)


@app.task(name=Task.ENQUEUE_RECORD_CALL.value)
def enqueue_record_call(**fields: Any) -> None:
    """The fields of RecordCall and of `enqueue`."""
    _enqueue(Kind.RECORD_CALL, fields)


@app.task(name=Task.UPSERT_CONTACT.value)
def upsert_contact(**fields: Any) -> None:
    """The fields of ContactFields, dates as ISO 8601 text; what is absent stays, null clears."""
    with _taken("contact", fields):
        _notifier().contacts.upsert_fields(fields)


@app.task(name=Task.UPSERT_EVENT.value)
def upsert_event(**fields: Any) -> None:
    """The fields of Event and its channel; give a version, since tasks may overtake each other."""
    with _taken("event", fields):
        _tell_late(_notifier().reminders.upsert_event_fields(fields))


@app.task(name=Task.CANCEL_EVENT.value)
def cancel_event(**fields: Any) -> None:
    """source, key and, if the event has one, version."""
    with _taken("event_cancelled", fields):
        _tell_late(_notifier().reminders.cancel_event_fields(fields))


@app.task(name=Task.STATUS.value, ignore_result=False)
def status(**fields: Any) -> dict[str, Any]:
    """Where a request stands, by its reference and source: for who has only the broker, and a result backend."""
    try:
        return answer(_notifier(), fields)
    except WorkerError as error:
        return {"error": str(error)}


@app.task(name=Task.NOTE_LISTENER.value)
def note_listener() -> None:
    """Somebody listens to the queue that it came by."""
    request = app.current_task.request if app.current_task else None
    came_by = request.delivery_info["routing_key"] if request and request.delivery_info else None
    parts = runtime.current()
    if came_by in queues_of(parts.settings.sources):
        _note_listener(parts, str(came_by))


def _note_listener(parts: runtime.Runtime, queue: str) -> None:
    """By beat's bells: who comes for a code would begin with a write that the code waits for."""
    patience = parts.pace.tick.total_seconds() if parts.bell.was_rung else 0.0
    if time.monotonic() < parts.noted_until.get(queue, 0.0) + patience:
        return
    try:
        Operation(parts.settings, database=parts.database).note_listener(queue, every=parts.pace.tick)
        parts.noted_until[queue] = time.monotonic() + parts.pace.tick.total_seconds() / 2
    except WorkerError as error:
        emit("step.failed", task=Task.NOTE_LISTENER, error=error)


@app.task(name=Task.COUNT_REFUSED.value)
def count_refused(**what: Any) -> None:
    """Something that came by a queue was no task of ours; see `worker.broker`."""
    with _taken("count", {}):
        parts = runtime.current()
        times, news = Operation(parts.settings, database=parts.database).count_refused(**what)
        if news:  # a flood is one line
            emit("broker.refused", times=times, **what)


def _time_of(parts: runtime.Runtime) -> Callable[[], bool]:
    """Is a task's time over, as that of a drain is, or is its process told to end?"""
    until = time.monotonic() + parts.pace.drain.total_seconds()
    return lambda: runtime.stop.asked() or time.monotonic() > until


def _tell_late(change: EventChange) -> None:
    if change.too_late:
        emit("reminders.late", id=change.id, recipients=len(change.too_late))


def _deliver(task: Task, lanes: list[Lane]) -> None:
    def step(parts: runtime.Runtime) -> bool:
        if not maintenance.may_send(parts.database, parts.marks):
            return False  # a backup that woke up: a person says when
        urgent, inbox = task is Task.DELIVER_URGENT, Inbox(parts.database, parts.settings, parts.bell)
        rung = urgent and parts.bell.was_rung
        more = not rung and inbox.take_in()
        more |= parts.drain(task).run(lanes, runtime.stop.asked, rung=rung)
        return (rung and inbox.take_in()) or more  # only now: a code does not wait for it

    _answer(task, step)


def _answer(task: Task, step: Callable[[runtime.Runtime], bool]) -> None:
    """Do one bell's work, and ring again where there is more. A server that is away is one line, not a traceback."""
    try:
        with runtime.stop.finishing():
            parts = runtime.current()
            if not parts.bell.answer(task):
                return
            if task is Task.DELIVER_URGENT:
                parts.bell_watch.attend()
            _note_listener(parts, QUEUE_OF[task].value)
            if step(parts):
                parts.bell.again(task)
    except WorkerError as error:
        emit("step.failed", task=task, error=error)


def _enqueue(kind: Kind, fields: dict[str, Any]) -> None:
    """Celery may deliver a task twice; its id is the reference of a request that brings none."""
    if not fields.get("reference") and (task_id := _task_id()):
        fields = fields | {"reference": f"task:{task_id}"}
    with _taken(kind, fields):
        _notifier().enqueue_fields(kind, fields, late=True)


def _notifier() -> Notifier:
    """A producer like any other, on this process's own connections."""
    parts = runtime.current()
    return Notifier(parts.settings, database=parts.database, bell=parts.bell)


@contextmanager
def _taken(kind: str, fields: dict[str, Any]) -> Iterator[None]:
    """Until it is stored, the broker's message is all there is: while Postgres is away it goes back into the queue."""
    try:
        with runtime.stop.finishing(), _notifier().refused.kept(kind, fields, task_id=_task_id()):
            yield
    except Unavailable as error:
        emit("step.failed", task=f"enqueue {kind}", error=error)
        time.sleep(1)  # or it would come back at once, and again
        raise Reject(str(error), requeue=True) from None


def _task_id() -> str | None:
    return app.current_task.request.id if app.current_task is not None else None
