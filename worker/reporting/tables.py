"""The tables as questions read them: the names of columns, and no more.

The models themselves need the ORM; to import it and to map them is a third of what a command like `status` costs. A
test holds these names to the models'.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnClause, ColumnElement, Executable, any_, column, literal, table
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.types import NullType

if TYPE_CHECKING:
    from worker.database import Reader

Columns = ReadOnlyColumnCollection[str, ColumnClause[Any]]


def _columns(name: str, names: str) -> Columns:
    return table(name, *map(column, names.split())).c


Notification = _columns(
    "notification",
    "id kind purpose source reference campaign created_at send_date hand_over expires_at content template_id options "
    "segments emptied_at emptied_by",
)
Message = _columns(
    "message",
    "id notification_id phone lane status grouped due_at attempts failures request_id earlier_ids in_doubt_since "
    "sms_id code reason accepted_at settled_at heard heard_since network poll_at price "
    "renewals generation wanted_at wanted_by replaces replaced_by created_at emptied_at "
    "emptied_by consent_id",
)
Attempt = _columns(
    "attempt",
    "message_id number generation sms_type request_id sms_id status code reason network price wanted_at wanted_by "
    "accepted_at settled_at ended_at",
)
Request = _columns("request", "id message_id request_id sms_id function at seconds http_status code outcome")
ReportDaily = _columns(
    "report_daily",
    "day source campaign purpose lane sms_type network status code messages segments priced price priced_segments "
    "uncounted long_segments accent_segments superseded",
)
ReportMonth = _columns(
    "report_month",
    "month source campaign purpose lane sms_type network status code first_day last_day messages segments priced price "
    "priced_segments uncounted long_segments accent_segments superseded",
)
ReportLatency = _columns("report_latency", "day source campaign purpose lane sms_type network leg bucket messages")
ReportLatencyMonth = _columns(
    "report_latency_month", "month source campaign purpose lane sms_type network leg bucket messages"
)
ReportMinute = _columns("report_minute", "minute lane status messages")
ReportStanding = _columns("report_standing", "lane status messages")
RollUp = _columns("roll_up", "folded_at")
Price = _columns("price", "sms_type network valid_from dong")
Pause = _columns("pause", "lane campaign source code reason since probe_at lifted_at lifted_by")
OptOut = _columns("opt_out", "phone since")
Heartbeat = _columns("heartbeat", "name at")
AccountBalance = _columns("account_balance", "dong at")
Trouble = _columns("trouble", "name error since")
Brandname = _columns("brandname", "name seen_at")
Act = _columns("act", "id step at who via place what how_many subject")
Decision = _columns("decision", "id message_id at decided_by answer why")
Rerun = _columns("rerun", "id asked_by chosen messages moved state code decided_at")
Inbox = _columns("inbox", "id at door kind source reference state field reason fields")
RuleUse = _columns("rule_use", "id day rule did messages")
RestoreGuard = _columns("restore_guard", "restored_at")
RefusedTask = _columns("refused_task", "queue reason times since at size task_id")


def among(each: ColumnClause[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Is it one of these? As one array: a statement takes 65,535 parameters and no more."""
    return each == any_(literal(list(values), NullType()))


AnyRow = Any  # of many columns


def read(session: Reader, asked: Executable, values: Mapping[str, Any] | None = None) -> list[AnyRow]:
    """All of its rows, of many columns: to look up a name in a row as SQLAlchemy has it costs ten times as much."""
    found = session.execute(asked, values)
    return list(map(_named(tuple(found.keys()))._make, found.all()))


@cache
def _named(names: Sequence[str]) -> Any:
    return namedtuple("Named", names)
