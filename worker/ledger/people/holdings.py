"""Where something stands about a person: each table with how their rows are found, and what becomes of them.

Whoever adds a table says here whom it holds; a test demands a line for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from worker.catalogue.text import Text
from worker.ledger.reruns import TO_NOBODY

# Ids as an array are looked up by an index, however many Postgres expects.
_OF_THEIRS = "ANY(ARRAY(SELECT m.{column} FROM message AS m WHERE m.phone = ANY(:numbers)))"
_THEIR_MESSAGES = f"t.message_id = {_OF_THEIRS.format(column='id')}"


@dataclass(frozen=True, slots=True)
class Holding:
    """How one table's rows about a person are found, and what becomes of them.

    of: the condition on a row `t`. It may use :phones (E.164), :numbers (these, and their hashes), :contacts (ids),
    :sources and :keys (of the contacts, side by side), :written (patterns that find them within a text).
    remove: the statement that removes the rows at once; None: they stay, and `stays` says why.
    key: where no index finds them, the table's key, along which its rows are looked at one by one. since: which of
    these rows were written after :since; None: only what somebody hands over is written there.
    """

    of: str
    remove: str | None = None
    stays: Text | None = None
    key: Mapping[str, str] | None = None
    since: str | None = None


def _delete(table: str, of: str) -> Holding:
    return Holding(of, f"DELETE FROM {table} AS t WHERE {of}")


def _written(table: str, column: str, since: str | None = None, **key: str) -> Holding:
    of = f"CAST(t.{column} AS text) ~ ANY(CAST(:written AS text[]))"
    return Holding(of, f"DELETE FROM {table} AS t WHERE {of}", key=key, since=since)


_EMPTIED = Text(
    "its number, text and raw replies go as soon as it is over for a day; when it went out and what it cost stay",
    "số, nội dung và phản hồi gốc được xóa khi tin đã kết thúc một ngày; thời điểm gửi và chi phí vẫn lưu",
)
_OPTED_OUT = Text("without it they would be written to again", "nếu xóa, họ sẽ lại nhận tin")
_REGISTERED = Text("without it they could be sent advertising", "nếu xóa, họ có thể bị gửi quảng cáo")
_DECIDED = Text("who of us decided what", "ai bên ta đã quyết định gì")
_REMINDED = Text("the guard that nobody is reminded twice: an id", "để không ai bị nhắc hai lần: chỉ một mã")
_ASKED_FOR = Text("the proof of what was done, by a hash", "bằng chứng việc đã làm, chỉ còn mã băm")
_BURIED = Text("by this hash nobody brings them back unseen", "nhờ mã băm này, không ai vô tình thêm họ lại")
_ID_ALONE = Text("names nobody: ids, codes and times", "không nêu tên ai: chỉ có mã và thời điểm")

_SENT_AGAIN = "(t.chosen ->> 'phone' = ANY(:phones) OR t.corrected ->> 'to' = ANY(:phones))"

HOLDINGS: Mapping[str, Holding] = {
    "contact": _delete("contact", "t.id = ANY(:contacts)"),
    "attendee": _delete(
        "attendee",
        """(t.phone = ANY(:phones) OR (t.contact_source, t.contact_key) IN (
            SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[]))))""",
    ),
    "opt_out": Holding("t.phone = ANY(:phones)", stays=_OPTED_OUT),
    "do_not_call": Holding(
        "t.phone = ANY(:phones)",
        stays=_REGISTERED,
    ),
    "consent": Holding(
        "t.phone = ANY(:numbers)",
        stays=Text(
            "the proof of what they agreed to, by a hash; what they took back, by the number, as an opt-out",
            "bằng chứng đã đồng ý, chỉ còn mã băm; điều đã rút lại giữ theo số, như một lần từ chối",
        ),
    ),
    "advertised": _delete("advertised", "t.phone = ANY(:phones)"),
    "inbox": _written("inbox", "fields", id="uuid"),
    "upload_row": _written("upload_row", "cells", upload_id="uuid", number="integer"),
    "rerun": Holding(_SENT_AGAIN, f"UPDATE rerun AS t SET {TO_NOBODY} WHERE {_SENT_AGAIN}"),
    "search": _written("search", "asked", key="text"),
    "sweep": Holding(  # with none at all it would mean everybody
        "t.search -> 'phones' ?| CAST(:phones AS text[])",
        """UPDATE sweep AS t SET search = jsonb_set(t.search, '{phones}', '["#"]')
        WHERE t.search -> 'phones' ?| CAST(:phones AS text[])""",
    ),
    "happening": _written("happening", "facts", "t.at >= :since", transaction="bigint", number="bigint"),
    "message": Holding("t.phone = ANY(:numbers)", stays=_EMPTIED),
    "notification": Holding(
        f"t.id = {_OF_THEIRS.format(column='notification_id')}",
        stays=Text(
            "what it said to them alone goes with their message; a text that others got too names nobody",
            "nội dung gửi riêng cho họ được xóa cùng tin; nội dung gửi chung không nêu tên ai",
        ),
    ),
    "request": Holding(_THEIR_MESSAGES, stays=_EMPTIED),
    "attempt": Holding(_THEIR_MESSAGES, stays=_ID_ALONE),
    "settlement": Holding(_THEIR_MESSAGES, stays=_ID_ALONE),
    "decision": Holding(_THEIR_MESSAGES, stays=_DECIDED),
    "follow_up": Holding(_THEIR_MESSAGES, stays=_ID_ALONE),
    "occurrence": Holding(
        "t.recipient = ANY(CAST(:recipients AS text[]))",
        stays=_REMINDED,
    ),
    "person_request": Holding(
        "t.people && CAST(:numbers AS text[])",
        stays=_ASKED_FOR,
    ),
    "tombstone": Holding(
        "t.person = ANY(:numbers)",
        stays=_BURIED,
    ),
}

# Whom these hold nobody of: kept as data, so that a new table is judged.
NOBODY = frozenset({
    "account_balance", "act", "brandname", "event", "heartbeat", "law_rule", "page_session", "page_user", "pause",
    "price", "producer_source", "refused_task", "refused_token", "reminder", "removal", "report_daily",
    "report_latency", "report_latency_month", "report_minute", "report_month", "report_standing",
    "report_superseded", "restore_guard",
    "retention_place", "roll_up", "rule_use", "sign_in", "source_limit",
    "stream", "template", "token", "trouble", "upload", "webhook", "webhook_call", "webhook_secret",
})  # fmt: skip
