"""What `doctor` looks at of people: is data removed in time, what rules hold back, who got no call, what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from worker.api.notifier import Notifier
from worker.api.operation import Operation
from worker.catalogue.text import Language, span
from worker.law.rules import Check, Mode
from worker.reporting import HeldBack
from worker.settings import Settings
from worker.settings.retention import KEY, Retention

PATIENCE = timedelta(days=1)  # for so long a backlog, of the first time say, is no alarm
CLOCKS_APART = timedelta(seconds=30)  # more than a slow answer makes of it
REGISTER_OLD = timedelta(days=30)  # then numbers are missing in it, most likely


class Wrong(Exception):
    """What is wrong, and the remedy, on one line."""


class NotYet(Exception):
    """What nobody can say yet, and from when on it would be wrong."""


def keeping() -> str:
    """Is what is kept no longer removed?"""
    settings = Retention.from_environ()
    with Operation.from_env() as operation:
        behind = operation.kept_too_long(PATIENCE)
    if behind:
        told = ", ".join(f"{each.step} (since {each.since:%Y-%m-%d %H:%M} UTC)" for each in behind)
        raise Wrong(f"what is to be removed grows faster than it is: {told}: give housekeeping a process of its own")
    left = "as keyed hashes" if settings.key else f"as nothing ({KEY} is not set)"
    return f"nothing is kept longer than the settings say; numbers stay {left} afterwards"


def follow_ups() -> str:
    """Is everything that follows by itself let come?"""
    with Notifier.from_env() as notifier:
        found = notifier.again.set_aside()
    if found:
        told = "; ".join(f"of {each.source}: `esms-worker retry --go-on {each.id}`" for each in found)
        how = "let it go" if len(found) == 1 else "let all go: `esms-worker retry --go-on --all`, or one alone"
        raise Wrong(
            f"a fault of ours keeps from coming what was to follow these messages (see the log for "
            f"`follow_up.failed`, and report it); once it is fixed, {how}: {told}"
        )
    return "none was set aside"


def restored() -> str:
    """Has this database woken up from a backup?"""
    settings = Settings.from_environ()
    with Operation.from_env() as operation:
        found = operation.restored()
    if found is not None:
        raise Wrong(
            f"it knows nothing after {found.marked_at:%Y-%m-%d %H:%M} UTC, and was at work until "
            f"{found.seen_until:%Y-%m-%d %H:%M} UTC: a backup, so nothing is sent: look at what is queued "
            "(docs/keeping.md), then `esms-worker resume --after-restore`"
        )
    if settings.redis_url is None and settings.mark_file is None:
        return "nothing outside Postgres would tell a backup from it: set WORKER_MARK_FILE"
    return "it is no backup that woke up, as far as is known"


def ruling() -> str:
    """What do sending rules hold back, and how old is the register?"""
    with Notifier.from_env() as notifier:
        zone = notifier.settings.time_zone
        told = [_held_back(each, zone) for each in notifier.reports.held_back()]
        register = notifier.law.register()
        used = any(rule.check is Check.REGISTER and rule.mode is not Mode.OFF for rule in notifier.law.list())
    if register.imported_at is None:
        return "; ".join([*told, "the Do-Not-Call register was never brought in"])
    register_told = f"the Do-Not-Call register is of {register.imported_at.astimezone(zone):%Y-%m-%d}"
    if used and datetime.now(UTC) - register.imported_at > REGISTER_OLD:
        raise Wrong("; ".join([*told, f"{register_told}: bring in today's by `esms-worker dnc import FILE --replace`"]))
    return "; ".join([*told, register_told])


def _held_back(each: HeldBack, zone: tzinfo) -> str:
    until = f", until {each.until.astimezone(zone):%Y-%m-%d %H:%M}" if each.until else ""
    return f"{each.rule} has made {each.messages:,} message(s) wait since yesterday{until}"


def calls() -> str:
    """Is there any that nothing is heard of?"""
    with Operation.from_env() as operation:
        silent = operation.silent_calls()
    if silent:
        raise Wrong(
            f"{silent:,} call(s) got nothing but code 105 for a day: GetSendStatus tells nothing of this account's "
            "calls, so they will end unknown; ask eSMS what tells of them"
        )
    return "none is without an answer for a day"


def clock() -> str:
    """Does this machine's clock go as Postgres's does?"""
    with Operation.from_env() as operation:
        return what_the_clock_says(operation.clock_ahead())


def what_the_clock_says(ahead: float) -> str:
    """ahead: by so many seconds. Raises Wrong. What is due goes by Postgres's clock; bells and dates given, by ours."""
    if abs(ahead) < CLOCKS_APART.total_seconds():
        return "this machine's goes as Postgres's does"
    told = f"this machine's is {span(abs(ahead), Language.EN)} {'ahead of' if ahead > 0 else 'behind'} Postgres's"
    raise Wrong(f"{told}: set the wrong one by NTP: what is due goes by Postgres's, bells and dates given by this one")
