"""What is told, each with its unit and what it means, from what *Now* on the page shows.

A label is a word of ours or a documented code: a campaign, source, number or reference would be without end, and
a stranger's word in every alert.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import SupportsFloat

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from worker.catalogue.codes import is_documented
from worker.lifecycle import FINAL, Lane, Status
from worker.queues import Queue
from worker.reporting.now import MOST_UNTAKEN, BalanceShown, Minute, Now
from worker.reporting.operation import SET_ASIDE_MOST
from worker.reporting.waiting import SILENT

OPEN = [status for status in Status if status not in FINAL]
MINUTE = timedelta(minutes=1)

Sample = tuple[Sequence[str], float]


def nothing() -> Iterator[Metric]:
    """Postgres is away: what cannot be known is absent, and not zero."""
    yield _up(0)


def families(now: Now, balance: BalanceShown | None) -> Iterator[Metric]:
    """All of it."""
    yield _up(1)
    build = {"version": version("esms-worker")}
    yield InfoMetricFamily("esms_build", "The version of esms-worker that tells this", value=build)
    yield from _waiting(now)
    yield from _done(now)
    yield from _in_the_way(now)
    yield from _at_work(now)
    yield from _money(now.at, balance)


def _up(value: int) -> Metric:
    return _one("esms_up", "1: Postgres answers. 0: it does not, or not as it should, and nothing else is told", value)


def _waiting(now: Now) -> Iterator[Metric]:
    standing = [((lane, status), now.standing[lane].get(status, 0)) for lane in Lane for status in OPEN]
    means = "Messages that stand there now, by lane and status; of what has not ended alone"
    yield _gauge("esms_messages", means, standing, ["lane", "status"])
    waits = [((lane,), _age(now.at, now.oldest_due.get(lane, now.at)) or 0) for lane in Lane]
    means = "Seconds for which the oldest message that is due has waited, paused lanes too; 0: none is due"
    yield _gauge("esms_oldest_due_seconds", means, waits, ["lane"])


def _done(now: Now) -> Iterator[Metric]:
    means = (
        "Messages that were to go out today (the day of TIME_ZONE), by where they stand; no counter: one that is sent "
        "again leaves its place. sms_type: that of eSMS, or call. code: eSMS's last, none, or other where it is unknown"
    )
    yield _gauge("esms_today_messages", means, _today(now), ["sms_type", "status", "code"])
    means = "Messages in the last whole minute that is added up: eSMS took them (sent), they arrived, or they failed"
    yield _gauge("esms_minute_messages", means, _of_minute(_last_counted(now)), ["event"])
    means = "Seconds ago until which what happened is in esms_messages, esms_today_messages and esms_minute_messages"
    yield _one("esms_counted_until_age_seconds", means, _age(now.at, now.counted_until))


def _today(now: Now) -> Iterator[Sample]:
    today: Counter[tuple[str, str, str]] = Counter()
    for line in now.today:
        sms_type = str(line.key["sms_type"] or "call")
        for status, messages in line.statuses.items():
            today[sms_type, status, _bounded(str(line.key["code"]))] += messages
    yield from sorted(today.items())


def _bounded(code: str) -> str:
    """A provider's answer is a stranger's word as well."""
    return code if is_documented(code) else "other" if code else "none"


def _last_counted(now: Now) -> Minute | None:
    """One that is not over, or not yet in the sums, would show a lull that there was none of."""
    until = now.counted_until
    return next((each for each in reversed(now.minutes) if until and each.at + MINUTE <= until), None)


def _of_minute(minute: Minute | None) -> list[Sample]:
    if minute is None:
        return []
    return [(("sent",), minute.sent), (("delivered",), minute.delivered), (("failed",), minute.failed)]


def _in_the_way(now: Now) -> Iterator[Metric]:
    paused = {each.lane for each in now.pauses}
    lanes = [((lane,), lane in paused) for lane in Lane]
    yield _gauge("esms_lane_paused", "1: the lane is held back, by a person, by us or by the account", lanes, ["lane"])
    campaigns = sum(each.campaign is not None for each in now.pauses)
    yield _one("esms_campaigns_paused", "Campaigns that are held back", campaigns)
    yield _one("esms_troubles", "Steps of the upkeep that fail: esms-worker doctor names them", len(now.troubles))
    means = "Reruns of the last seven days that stopped since their first messages all failed alike"
    yield _one("esms_reruns_stopped", means, len(now.stopped))
    means = f"Messages that a fault of ours keeps from being followed; {SET_ASIDE_MOST} stands for as many or more"
    yield _one("esms_follow_ups_set_aside", means, len(now.set_aside))
    means = f"Requests by task or SQL within a day that could not be taken; {MOST_UNTAKEN} stands for as many or more"
    yield _one("esms_requests_refused", means, now.untaken)


def _at_work(now: Now) -> Iterator[Metric]:
    means = "1: Postgres takes writes. 0: it does not (a replica, a full disk): nothing is sent, and all seem silent"
    yield _one("esms_takes_writes", means, now.takes_writes and now.has_room)
    means = "Seconds since beat last ticked and a worker heard it; absent: never"
    yield _one("esms_seconds_since_beat", means, now.seconds_since_beat)
    heard = [((queue,), queue not in now.missing) for queue in Queue]
    means = f"1: somebody was heard to listen to the queue within {SILENT:.0f} seconds, however many; 0: nobody was"
    yield _gauge("esms_listeners", means, heard, ["queue"])


def _money(at: datetime, balance: BalanceShown | None) -> Iterator[Metric]:
    dong, age, days = (None, None, None) if balance is None else (balance.dong, _age(at, balance.at), balance.days)
    yield _one(
        "esms_balance_dong", "What the account held when eSMS was last asked, in dong; absent: it never was", dong
    )
    yield _one("esms_balance_age_seconds", "Seconds since then; absent: it never was", age)
    yield _one("esms_balance_days", "Days for which it lasts, as the last seven days went; absent: not known", days)


def _age(at: datetime, since: datetime | None) -> float | None:
    return None if since is None else max(0.0, (at - since).total_seconds())


def _one(name: str, means: str, value: SupportsFloat | None) -> Metric:
    return _gauge(name, means, [] if value is None else [((), float(value))])


def _gauge(name: str, means: str, samples: Iterable[Sample], labels: Sequence[str] = ()) -> Metric:
    family = GaugeMetricFamily(name, means, labels=labels)
    for of, value in samples:
        family.add_metric([str(each) for each in of], value)
    return family
