"""`doctor`: what is wrong with this installation; each line is ok, or names the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

from worker.api.account import Account
from worker.api.decisions import Rest
from worker.api.notifier import Notifier
from worker.api.operation import Operation
from worker.cli.at_work import beat, workers
from worker.cli.checkups import NotYet, Wrong, calls, clock, follow_ups, keeping, restored, ruling
from worker.cli.decisions import resumed
from worker.cli.known_holes import hole
from worker.cli.output import console, json_option, say_json, table, text, waiting
from worker.cli.redis_health import redis
from worker.cli.retry import LEFT
from worker.errors import LET_IT_WRITE, MIGRATE, WorkerError
from worker.reporting import PauseShown, Stopped
from worker.settings import Pace, ProviderSettings, Rates, Settings, environment, readable_env
from worker.settings.retention import Retention

REMEMBERED = timedelta(days=1)  # for how long something that was no task is worth an alarm


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's. looked: false where something that it rests on is wrong; yet: false where it was
    started so lately that nothing is wrong about what is not there.
    """

    what: str
    ok: bool
    text: str
    looked: bool = True
    yet: bool = True


# Each check and what it rests on: where that is wrong, it would only say the same again.
RESTS_ON = {
    "Postgres": "settings",
    "schema": "Postgres",
    "clock": "Postgres",
    "logins": "schema",
    "Redis": "settings",
    "workers": "schema",
    "beat": "schema",
    "upkeep": "schema",
    "keeping": "schema",
    "restore": "schema",
    "broker": "schema",
    "lanes": "schema",
    "reruns": "schema",
    "follow-ups": "schema",
    "calls": "schema",
    "limits": "schema",
    "rules": "schema",
    "reminders": "schema",
    "brandnames": "schema",
    "eSMS": "settings",
}


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """Say what is wrong with this installation and how to fix it. Exit code 0 when all is well."""
    with waiting("Asking Postgres, the broker, the workers and eSMS …"):
        findings = list(examine())
    if as_json:
        say_json([_as_json(each) for each in findings])
    else:
        _say(findings)
    return 0 if all(each.ok for each in findings) else 1


def _as_json(each: Finding) -> dict[str, object]:
    """not_yet: look again in a moment, or where something else is fixed."""
    return {"check": each.what, "ok": each.ok, "text": each.text, "not_yet": not (each.looked and each.yet)}


def _say(findings: Sequence[Finding]) -> None:
    shown = table("", "", "")
    shown.show_header = False
    for each in findings:
        if each.looked:
            shown.add_row(_sign(each), each.what, text(each.text))
    if rest := [each.what for each in findings if not each.looked]:
        shown.add_row("- not yet", "the rest", f"fix that first, then look again at {', '.join(rest)}")
    console().print(shown)


def _sign(each: Finding) -> str:
    if each.ok:
        return "[green]✔ ok[/]"
    return "[red]✗ wrong[/]" if each.yet else "- not yet"


def examine() -> Iterator[Finding]:
    """Every check, the ones that others rest on first."""
    found: dict[str, Finding] = {}
    checks: dict[str, Callable[[], str]] = {
        "settings": _settings,
        "Postgres": _postgres,
        "schema": _schema,
        "clock": clock,
        "logins": _logins,
        "Redis": redis,
        "workers": workers,
        "beat": beat,
        "upkeep": _upkeep,
        "keeping": keeping,
        "restore": restored,
        "eSMS": lambda: _esms(workers=found["workers"].ok or not found["workers"].yet),
        "brandnames": _brandnames,
        "broker": _broker,
        "lanes": _lanes,
        "reruns": _reruns,
        "follow-ups": follow_ups,
        "calls": calls,
        "limits": _limits,
        "rules": ruling,
        "reminders": _reminders,
    }
    for what, check in checks.items():
        below = found.get(RESTS_ON.get(what, ""))
        found[what] = _missed(what, below) if below and not below.ok else _found(what, check)
        yield found[what]


def _found(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except NotYet as error:
        return Finding(what, False, str(error), yet=False)
    except (Wrong, WorkerError) as error:
        return Finding(what, False, " ".join(str(error).split()))


def _missed(what: str, below: Finding) -> Finding:
    return Finding(what, False, f"not looked at, since {below.what} is wrong", looked=False)


def _settings() -> str:
    allowed = Settings.from_environ().allow_only
    if _keys_are_here():
        ProviderSettings.from_environ()
    Pace.from_environ()
    Rates.from_environ()
    Retention.from_environ()
    warning = f", but others on this machine can read {file}: chmod 600 {file}" if (file := readable_env()) else ""
    few = f"; a trial: all but {len(allowed)} numbers (ESMS_ALLOW_ONLY) get nothing" if allowed else ""
    return f"every variable is in order{few}{warning}"


def _keys_are_here() -> bool:
    """A producer's machine has none, and needs none."""
    return any(environment().get(name, "").strip() for name in ("ESMS_API_KEY", "ESMS_SECRET_KEY"))


def _postgres() -> str:
    with Operation.from_env() as operation:
        if not operation.is_written_to():
            raise Wrong(f"{operation.place} takes no writes, so nothing is sent: {LET_IT_WRITE}")
        if not operation.has_room():
            raise Wrong(
                f"{operation.place} is out of disk space, so nothing is sent: make room, and all goes on by itself"
            )
        told = what_protects_calls(*operation.durability())
        version = operation.version()
        return f"version {version} answers at {operation.place}{hole('PostgreSQL', version)}; {told}"


def what_protects_calls(commit: str, standbys: str) -> str:
    """Does a commit outlive a crash and a fail-over? An SMS has its RequestId; a call has nothing else."""
    if commit == "off":
        return "synchronous_commit is off, so calls made right before a crash are made twice: set it to on"
    if standbys and commit != "local":
        return "a synchronous replica keeps calls from being made twice after a fail-over"
    return "no synchronous replica, so calls made right before a fail-over are made twice (SMS are not)"


def _schema() -> str:
    with Operation.from_env() as operation:
        there, wanted = operation.revisions()
    if there != wanted:
        raise Wrong(f"the database is at revision {there or 'none'}, this version wants {wanted}: {MIGRATE}")
    return f"at revision {there}"


def _logins() -> str:
    with Operation.from_env() as operation:
        found = operation.powerful_logins()
    if not found:
        return "nobody at work may more than it needs"
    told = ", ".join(f"{each.name} ({'a superuser' if each.superuser else 'owns the tables'})" for each in found)
    return f"at work by {told}: give workers and applications logins of their own (docs/run-it-on-many.md)"


def _upkeep() -> str:
    with Operation.from_env() as operation:
        failing = operation.troubles()
    if failing:
        raise Wrong(f"failing: {'; '.join(failing)}: see the log of the worker for `step.failed`")
    return "no step fails"


def _esms(*, workers: bool) -> str:
    if workers and not _keys_are_here():
        return "the keys are with the workers, and this machine needs none"
    with Account.from_env() as account:
        found = account.balance_or_refusal()
    if isinstance(found, str):
        raise Wrong(found)
    return f"takes our keys; balance {found.balance:,.0f} đồng; workers send by {account.transport}"


def _brandnames() -> str:
    with Operation.from_env() as operation:
        found = operation.brandnames()
    if found.seen_at is None:
        return "none are known yet: whatever name is enqueued passes"
    if not found.judges:
        raise Wrong(
            f"the list of {found.seen_at:%Y-%m-%d %H:%M} UTC is too old to judge, so whatever name is enqueued passes: "
            "see the log of the worker for `brandnames.failed`"
        )
    return f"{found.names} known; any other is refused at enqueue"


def _broker() -> str:
    with Operation.from_env() as operation, Notifier.from_env() as notifier:
        found = operation.refused()
        requests = sum(row.requests for row in notifier.refused.count(since=datetime.now(UTC) - REMEMBERED))
    if requests:
        raise Wrong(f"{requests:,} request(s) were refused since yesterday: `esms-worker refused list` tells why")
    if not found:
        return "all that came by it was a task"
    last = text(found[0].at, notifier.settings.time_zone)
    told = f"{sum(row.times for row in found):,} message(s) were no task, the last at {last}"
    if datetime.now(UTC) - found[0].at < REMEMBERED:
        raise Wrong(f"{told}: see `esms-worker refused list`, and fix who sends it")
    return f"{told}: see `esms-worker refused list`"


def _campaign(row: PauseShown) -> str:
    return f"{row.campaign}" if row.source is None else f"{row.campaign} of {row.source!r}"


def _lanes() -> str:
    with Notifier.from_env() as notifier:
        paused = notifier.pauses.list()
        held = len(notifier.held.list())
    if paused:
        told = "; ".join(f"{row.lane or _campaign(row)}: {row.reason}" for row in paused)
        way_on = ", ".join(dict.fromkeys(resumed(row) for row in paused))
        raise Wrong(f"paused: {told}: fix the cause, then {way_on}")
    return "all open" + (f"; {held} message(s) are held: see `esms-worker held list`" if held else "")


def _why_stopped(each: Stopped, rest_of: Rest) -> str:
    whose, rest = f"{each.campaign or 'messages'} by {each.asked_by}", _waits(rest_of)
    if each.code is None:
        return (
            f"{whose}: a fault of ours stopped it after {each.moved:,} messages, {rest}; see the log for `rerun.failed`"
        )
    if each.was_cancelled:
        return f"{whose}: the first {each.moved:,} were all cancelled, {rest}"
    return f"{whose}: the first {each.moved:,} all failed with code {each.code or 'none'}, {rest}"


def _waits(rest: Rest) -> str:
    """How many, and who of them stays even where the rest goes on."""
    if not rest.stay:
        return f"{rest.messages:,} wait"
    why = ", ".join(f"{count:,} {LEFT[reason]}" for reason, count in (rest.left or {}).items())
    return f"{rest.messages:,} wait, of which {rest.stay:,} stay as they are even if it goes on ({why})"


def _reruns() -> str:
    with Notifier.from_env() as notifier:
        waiting = [(each, notifier.again.rest(each.id)) for each in notifier.again.stopped()]
    if stopped := [(each, rest) for each, rest in waiting if rest.messages]:
        told = "; ".join(f"{_why_stopped(*each)}{_way_on(*each)}" for each in stopped)
        raise Wrong(f"stopped: {told}: `esms-worker retry --dry-run` shows what helps; send them again corrected")
    return "none was stopped" if not waiting else "of none that was stopped anything waits"


def _way_on(each: Stopped, rest: Rest) -> str:
    return "" if rest.stay == rest.messages else f" (`esms-worker retry --go-on {each.id}`)"


def _reminders() -> str:
    with Notifier.from_env() as notifier:
        failing = notifier.reminders.failing()
    if failing:
        zone = Settings.from_environ().time_zone
        told = "; ".join(f"{each.what} since {text(each.since, zone)}: {each.failure}" for each in failing)
        raise Wrong(f"{told}: it is tried again at each tick; report this")
    return "every rule and event can be made"


def _limits() -> str:
    with Operation.from_env() as operation:
        limits = operation.limits()
    if over := [each.source for each in limits if each.used_up]:
        raise Wrong(
            f"{', '.join(over)}: the budget of today is used up, so what is queued waits until tomorrow: see "
            "`esms-worker producers list`, raise it with `esms-worker producers limit SOURCE`"
        )
    return f"{len(limits)} source(s) have limits, none has used up its budget" if limits else "no source has one"
