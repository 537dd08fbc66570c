"""A story of half a minute: every kind, every status but `sandboxed`, real servers and processes, then the report.

The last digits of a number pick what the simulated eSMS does with it; docs/simulator.md has the table.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from worker import RecordCall, Sms, TemplateCall
from worker.api.law import Mode
from worker.api.notifier import Notifier
from worker.cli.output import console, look_of, looks_of, say, table
from worker.cli.report.summary import say_report
from worker.cli.up import Installation, door_in, installed, say_page, watch
from worker.intake import Request
from worker.lifecycle import Lane, SmsType, Status
from worker.settings import environment

PATIENCE = 75.0  # seconds; the story takes some 25
WISHES = 200

# The same rules as always, with shorter waits: nobody watches a demo for seven days.
HURRIED = {
    "WORKER_TICK": "1",
    "WORKER_LEASE": "20",
    "WORKER_ASK_AGAIN_AFTER": "2",
    "WORKER_POLL_RATE": "500",
    "WORKER_POLL_FIRST_AFTER": "1",
    "WORKER_SENT_DATA_AFTER": "3",
    "WORKER_DENIED_AFTER": "2",
    "WORKER_DENIED_AFTER_BULK": "3",
    "WORKER_POLL_UNTIL": "20",
    "WORKER_CONNECT_TIMEOUT": "2",
    "WORKER_READ_TIMEOUT": "3",
    "WORKER_TOTAL_TIMEOUT": "5",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One notification, and how all its messages are to end."""

    what: str
    request: Request
    end: Status
    send_in: timedelta | None = None
    expires_in: timedelta | None = None
    campaign: str | None = None
    then: Callable[[Notifier, UUID], object] | None = None


def otp(number: str, what: str, end: Status) -> Scene:
    """A one-time code to this number."""
    return Scene(what, Sms(to=number, content="Ma xac nhan: 123456", sms_type=SmsType.OTP), end)


def story() -> list[Scene]:
    """Who gets what, and how it ends."""
    meeting = Sms(to="0912000001", content="Moi hop luc 14h tai phong A", sms_type=SmsType.CUSTOMER_CARE)
    template = TemplateCall(to="0913000001", template_id="1002", variables=["Lan", "20000"])
    wishes = Sms(
        to=[f"0914{n:06d}" for n in range(100_100, 100_100 + 2 * WISHES) if n % 1000 > 18][:WISHES],
        content="Chuc mung sinh nhat!",
        sms_type=SmsType.NOTIFY,
    )
    advertising = Sms(
        to=[f"0915{n:06d}" for n in range(200, 230)], content="Giam gia 20%", sms_type=SmsType.ADVERTISING
    )
    return [
        otp("0901000001", "a code, delivered", Status.DELIVERED),
        otp("0901000002", "a code to a phone that is off", Status.UNDELIVERED),
        otp("0901000003", "a text that eSMS refuses", Status.REJECTED),
        otp("0901000004", "the operator is busy for a while", Status.DELIVERED),
        otp("0901000007", "eSMS is down twice, then takes it", Status.DELIVERED),
        otp("0901000009", "the operator refuses it later", Status.REJECTED),
        otp("0901000011", "eSMS never says what became of it", Status.UNKNOWN),
        otp("0901000005", "answer lost: asked again, never sent twice, found in the sent data", Status.DELIVERED),
        Scene("a meeting reminder, due in 8 seconds", meeting, Status.DELIVERED, send_in=timedelta(seconds=8)),
        Scene(
            "one for tomorrow, cancelled in time",
            meeting,
            Status.CANCELLED,
            send_in=timedelta(days=1),
            then=lambda notifier, id_: notifier.cancel(id_),
        ),
        Scene(
            "a wish that is too late (its lane is paused)",
            Sms(to="0916000001", content="Chúc mừng!", sms_type=SmsType.RANDOM, unicode=True),
            Status.EXPIRED,
            expires_in=timedelta(seconds=7),  # by then workers have heard of the rule that _at_any_hour turns off
        ),
        Scene(f"{WISHES} birthday wishes", wishes, Status.DELIVERED, campaign="birthdays"),
        Scene("advertising, 30 numbers in one request", advertising, Status.DELIVERED, campaign="sale"),
        Scene("a call that reads out a template", template, Status.DELIVERED),
        Scene("a call that plays a recording", RecordCall(to="0917000001", record_id="2001"), Status.DELIVERED),
        Scene("nobody answers the call", RecordCall(to="0917000002", record_id="2001"), Status.UNDELIVERED),
        Scene(
            "a call whose answer is lost: never dialled twice, a person decides",
            RecordCall(to="0917000005", record_id="2001"),
            Status.HELD,
        ),
    ]


def run_demo(*, page: bool = False) -> int:
    """Play it; 0 when every message ended as the story says. page: its page stays open until Ctrl-C."""
    environ = _without_servers_and_keys() | HURRIED
    said: deque[str] = deque(maxlen=200)
    say("A demo on this machine alone: a real PostgreSQL, a real Valkey, real Celery processes, and a SIMULATED eSMS.")
    say("Starting them …")
    with (
        tempfile.TemporaryDirectory(prefix="esms-worker-demo-") as folder,
        installed(
            Path(folder),
            environ,
            2,
            tell=lambda part, line: said.append(f"{part} │ {line}"),
            door=lambda: door_in(Path(folder)) if page else None,
        ) as installation,
        Notifier.from_env(installation.environ) as notifier,
    ):
        _at_any_hour(installation)
        scenes = story()
        with _paused(notifier, Lane.BULK):
            tickets = [_enqueue(notifier, scene) for scene in scenes]
            say(f"{sum(ticket[1] for ticket in tickets)} messages are enqueued.\n")
            ids = [id_ for id_, _ in tickets]
            _wait(notifier, ids[10:11], scenes[10:11])
        ended = _watch(notifier, ids, scenes)
        _say_ends(scenes, ended)
        say_report(notifier.reports.summary(["status", "campaign"]).lines)
        if page:
            _stay_open(installation)
    return _verdict(scenes, ended, said)


def _at_any_hour(installation: Installation) -> None:
    """Or its advertising would wait for the morning at night. Rules are for operators, not for workers."""
    with Notifier.from_env(installation.environ | installation.handed_out) as notifier:
        notifier.law.set_mode("vn.ads.sms.hours", Mode.OFF)


def _stay_open(installation: Installation) -> None:
    say_page(installation)
    say("It stays open until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        watch(installation)


def _without_servers_and_keys() -> dict[str, str]:
    """A demo touches nothing of the person's own: it starts its own servers, and never sends for real."""
    theirs = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "ESMS_", "WORKER_")
    return {name: value for name, value in environment(besides_up=True).items() if not name.startswith(theirs)}


def _enqueue(notifier: Notifier, scene: Scene) -> tuple[UUID, int]:
    now = datetime.now(UTC)
    ticket = notifier.enqueue(
        scene.request,
        source="demo",
        campaign=scene.campaign,
        send_date=None if scene.send_in is None else now + scene.send_in,
        expires_at=None if scene.expires_in is None else now + scene.expires_in,
    )
    if scene.then is not None:
        scene.then(notifier, ticket.id)
    return ticket.id, ticket.messages


@contextmanager
def _paused(notifier: Notifier, lane: Lane) -> Iterator[None]:
    notifier.pause([lane], "the demo wants a wish to be late")
    yield
    notifier.resume([lane])


def _statuses(notifier: Notifier, ids: list[UUID]) -> list[Mapping[Status, int]]:
    return [notifier.status(id_).statuses for id_ in ids]


def _wait(notifier: Notifier, ids: list[UUID], scenes: list[Scene]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not _as_told(scenes, _statuses(notifier, ids)):
        time.sleep(0.1)


def _as_told(scenes: list[Scene], ended: list[Mapping[Status, int]]) -> bool:
    return all(set(statuses) == {scene.end} for scene, statuses in zip(scenes, ended, strict=True))


def _watch(notifier: Notifier, ids: list[UUID], scenes: list[Scene]) -> list[Mapping[Status, int]]:
    deadline = time.monotonic() + PATIENCE
    bar = Progress(TextColumn("ended as the story says"), BarColumn(), MofNCompleteColumn())
    task = bar.add_task("", total=len(scenes))
    with Live(console=console(), refresh_per_second=8, transient=True) as live:
        while True:
            ended = _statuses(notifier, ids)
            right = sum(set(each) == {scene.end} for scene, each in zip(scenes, ended, strict=True))
            bar.update(task, completed=right)
            live.update(Group(looks_of(_sum(ended)), bar))
            if right == len(scenes) or time.monotonic() > deadline:
                return ended
            time.sleep(0.15)


def _sum(ended: list[Mapping[Status, int]]) -> dict[Status, int]:
    return {status: sum(each.get(status, 0) for each in ended) for status in Status}


def _say_ends(scenes: list[Scene], ended: list[Mapping[Status, int]]) -> None:
    shown = table("the story", "how it ended", "")
    for scene, statuses in zip(scenes, ended, strict=True):
        right = set(statuses) == {scene.end}
        sign = "[green]✔[/]" if right else f"[red]✗ should be[/] {look_of(scene.end)}"
        shown.add_row(scene.what, looks_of(statuses), sign)
    console().print(shown)
    say("")


def _verdict(scenes: list[Scene], ended: list[Mapping[Status, int]], said: deque[str]) -> int:
    if _as_told(scenes, ended):
        say("Every message ended as the story says. Next: `esms-worker up`, or the README.")
        return 0
    say("Not every message ended as the story says. The last lines that the processes wrote:")
    for line in said:
        say(f"  {line}")
    return 1
