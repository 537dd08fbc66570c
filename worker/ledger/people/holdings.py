"""Where something stands about a person: each table with how their rows are found, and what becomes of them.

Whoever adds a table says here whom it holds; a test demands a line for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from worker.ledger.reruns import TO_NOBODY

_THEIR_MESSAGES = "SELECT m.id FROM message AS m WHERE m.phone = ANY(:numbers)"
_WRITTEN = "regexp_replace({column}::text, '[^0-9]', '', 'g') LIKE ANY(CAST(:written AS text[]))"


@dataclass(frozen=True, slots=True)
class Holding:
    """of: the condition on a row `t`. remove: how it is removed at once; None: it stays, and `stays` says why.

    The condition may ask for :phones (E.164), :numbers (these, and what is left of them once they are hidden),
    :contacts (ids), :sources and :keys (of the contacts, side by side), :written (as digits, within a text).
    """

    of: str
    remove: str | None = None
    stays: str = ""


def _delete(table: str, of: str) -> Holding:
    return Holding(of, f"DELETE FROM {table} AS t WHERE {of}")


_EMPTIED = "its number, text and raw replies go as soon as it is over for a day; when it went out and what it cost stay"
_ID_ALONE = "names nobody: ids, codes and times"

_SENT_AGAIN = "(t.chosen ->> 'phone' = ANY(:phones) OR t.corrected ->> 'to' = ANY(:phones))"

HOLDINGS: Mapping[str, Holding] = {
    "contact": _delete("contact", "t.id = ANY(:contacts)"),
    "attendee": _delete(
        "attendee",
        """(t.phone = ANY(:phones) OR (t.contact_source, t.contact_key) IN (
            SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[]))))""",
    ),
    "opt_out": Holding("t.phone = ANY(:phones)", stays="without it they would be written to again"),
    "do_not_call": Holding("t.phone = ANY(:phones)", stays="without it they could be sent advertising"),
    "consent": Holding(
        "t.phone = ANY(:numbers)",
        stays="the proof of what they agreed to, by a hash; what they took back, by the number, as an opt-out",
    ),
    "advertised": _delete("advertised", "t.phone = ANY(:phones)"),
    "inbox": _delete("inbox", _WRITTEN.format(column="t.fields")),
    "upload_row": _delete("upload_row", _WRITTEN.format(column="t.cells")),
    "rerun": Holding(_SENT_AGAIN, f"UPDATE rerun AS t SET {TO_NOBODY} WHERE {_SENT_AGAIN}"),
    "search": _delete("search", _WRITTEN.format(column="t.asked")),
    "sweep": Holding(  # with none at all it would mean everybody
        "t.search -> 'phones' ?| CAST(:phones AS text[])",
        """UPDATE sweep AS t SET search = jsonb_set(t.search, '{phones}', '["#"]')
        WHERE t.search -> 'phones' ?| CAST(:phones AS text[])""",
    ),
    "happening": _delete("happening", _WRITTEN.format(column="t.facts")),
    "message": Holding("t.phone = ANY(:numbers)", stays=_EMPTIED),
    "notification": Holding(
        "t.id IN (SELECT m.notification_id FROM message AS m WHERE m.phone = ANY(:numbers))",
        stays="what it said to them alone goes with their message; a text that others got too names nobody",
    ),
    "request": Holding(f"t.message_id IN ({_THEIR_MESSAGES})", stays=_EMPTIED),
    "attempt": Holding(f"t.message_id IN ({_THEIR_MESSAGES})", stays=_ID_ALONE),
    "settlement": Holding(f"t.message_id IN ({_THEIR_MESSAGES})", stays=_ID_ALONE),
    "decision": Holding(f"t.message_id IN ({_THEIR_MESSAGES})", stays="who of us decided what"),
    "follow_up": Holding(f"t.message_id IN ({_THEIR_MESSAGES})", stays=_ID_ALONE),
    "occurrence": Holding(
        "t.recipient = ANY(CAST(:recipients AS text[]))", stays="the guard that nobody is reminded twice: an id"
    ),
    "person_request": Holding("t.people && CAST(:numbers AS text[])", stays="the proof of what was done, by a hash"),
    "tombstone": Holding("t.person = ANY(:numbers)", stays="by this hash nobody brings them back unseen"),
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
