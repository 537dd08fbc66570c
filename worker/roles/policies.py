"""Whose rows are whose: row-level security for a login that is bound to sources.

Workers and producers of all sources pass by `true`, which Postgres plans away: a claim costs what it did. For who is
bound, the sources are asked for once a statement; a message is theirs whose notification is. Columns are named with
their table: inside a question they would be another table's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.roles.names import Role

SEES_ALL = (Role.WORKER, Role.PRODUCER)

_MINE = "{source} = ANY ((SELECT {schema}.sources_of_session())::text[])"

# What a rule or an event of ours made goes by the source `reminders`: it is theirs whose event it is, or whose contact.
_REMINDER_IS_MINE = """
    CASE
        WHEN source <> 'reminders' THEN false
        WHEN campaign ~ '^event:[0-9a-f-]{{36}}$' THEN
            (SELECT true FROM {schema}.event AS e WHERE e.id = CAST(substr(notification.campaign, 7) AS uuid))
        WHEN reference ~ '^[0-9a-f]{{32}} [0-9a-f-]{{36}}$' THEN
            (SELECT true FROM {schema}.contact AS c WHERE c.id = CAST(right(notification.reference, 36) AS uuid))
    END"""

_MESSAGE_IS_MINE = "(SELECT true FROM {schema}.notification AS n WHERE n.id = message.notification_id)"

# Made for many at once: a RequestId begins with the id of one of them, and an SMSID stands in them. That nobody writes
# another's there is looked after by `is_a_persons_move`.
_REQUEST_IS_MINE = """
    CASE
        WHEN message_id IS NOT NULL THEN (SELECT true FROM {schema}.message AS m WHERE m.id = request.message_id)
        WHEN request_id ~ '^[0-9a-f]{{32}}' THEN
            (SELECT true FROM {schema}.message AS m WHERE m.id = CAST(left(request.request_id, 32) AS uuid))
        WHEN sms_id IS NOT NULL THEN
            (SELECT true FROM {schema}.message AS m WHERE m.sms_id = request.sms_id LIMIT 1)
    END"""

_ATTEMPT_IS_MINE = "(SELECT true FROM {schema}.message AS m WHERE m.id = attempt.message_id)"

_SETTLEMENT_IS_MINE = "(SELECT true FROM {schema}.notification AS n WHERE n.id = settlement.notification_id)"

_ATTENDEE_IS_MINE = "(SELECT true FROM {schema}.event AS e WHERE e.id = attendee.event_id)"

_OCCURRENCE_IS_MINE = """coalesce(
        (SELECT true FROM {schema}.event AS e WHERE e.id = occurrence.owner_id),
        (SELECT true FROM {schema}.reminder AS r WHERE r.id = occurrence.owner_id)
    )"""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy on one table, for these roles and this command; its conditions may use {schema}.

    using: which rows are there at all; check: which may be written. None: the command knows no such condition.
    """

    name: str
    command: str
    roles: Sequence[str]
    using: str | None
    check: str | None


def _for_all_commands(using: str, check: str | None = None) -> list[Policy]:
    return [Policy("of_source", "ALL", [Role.SOURCE], using, check or using)]


def _by_command(read: str, insert: str, update: str) -> list[Policy]:
    return [
        Policy("of_source_read", "SELECT", [Role.SOURCE], read, None),
        Policy("of_source_insert", "INSERT", [Role.SOURCE], None, insert),
        Policy("of_source_update", "UPDATE", [Role.SOURCE], read, update),
    ]


_SOURCE_IS_MINE = _MINE.replace("{source}", "source")
_NOTIFICATION_IS_MINE = f"({_SOURCE_IS_MINE} OR {_REMINDER_IS_MINE})"
# A key of another's stream would let go what is held back there. What their events made is in streams of `reminders`.
_NAMES_ITS_STREAM = """
    key = ('x' || left(encode(sha256(convert_to(
        stream.source || chr(31) || coalesce(stream.campaign, chr(30)), 'UTF8')), 'hex'), 16))::bit(64)::bigint"""
_STREAM_IS_MINE = f"({_SOURCE_IS_MINE} OR source = 'reminders') AND {_NAMES_ITS_STREAM}"
_TAKES_MESSAGES = "{schema}.takes_messages(notification_id, stream, (SELECT {schema}.sources_of_session())::text[])"
_PERSONS_MOVE = "{schema}.is_a_persons_move(id, notification_id, phone, status, request_id, sms_id, stream)"
_IS_MY_GUEST = f"(contact_source IS NULL OR {_MINE.replace('{source}', 'contact_source')})"

OF_SOURCE: Mapping[str, Sequence[Policy]] = {
    "notification": _by_command(_NOTIFICATION_IS_MINE, _SOURCE_IS_MINE, _NOTIFICATION_IS_MINE),
    "message": _by_command(
        _MESSAGE_IS_MINE,
        f"{_TAKES_MESSAGES} AND status = 'queued' AND attempts = 0 AND sms_id IS NULL",
        f"{_MESSAGE_IS_MINE} AND {_PERSONS_MOVE}",
    ),
    "request": [Policy("of_source_read", "SELECT", [Role.SOURCE], _REQUEST_IS_MINE, None)],
    **{
        added: [Policy("of_source_insert", "INSERT", [Role.SOURCE], None, "true")]
        for added in ("act", "rule_use")  # never read by it
    },
    "attempt": [Policy("of_source_read", "SELECT", [Role.SOURCE], _ATTEMPT_IS_MINE, None)],
    "settlement": [Policy("of_source_read", "SELECT", [Role.SOURCE], _SETTLEMENT_IS_MINE, None)],
    **{
        sums: [Policy("of_source_read", "SELECT", [Role.SOURCE], _SOURCE_IS_MINE, None)]
        for sums in ("report_daily", "report_month", "report_latency", "report_latency_month")
    },
    "contact": _for_all_commands(_SOURCE_IS_MINE),
    "inbox": [Policy("of_source_read", "SELECT", [Role.SOURCE], _SOURCE_IS_MINE, None)],
    "decision": _for_all_commands(_ATTEMPT_IS_MINE.replace("attempt.", "decision.")),
    "follow_up": _for_all_commands(_ATTEMPT_IS_MINE.replace("attempt.", "follow_up.")),
    "pause": _by_command(f"(source IS NULL OR {_SOURCE_IS_MINE})", _SOURCE_IS_MINE, _SOURCE_IS_MINE),
    "rerun": _for_all_commands(f"(source IS NOT NULL AND {_SOURCE_IS_MINE})"),
    "opt_out": _for_all_commands(_SOURCE_IS_MINE),
    "event": _for_all_commands(_SOURCE_IS_MINE),
    "reminder": _for_all_commands(_SOURCE_IS_MINE),
    "attendee": _for_all_commands(_ATTENDEE_IS_MINE, f"{_ATTENDEE_IS_MINE} AND {_IS_MY_GUEST}"),
    "source_limit": [Policy("of_source_read", "SELECT", [Role.SOURCE], _SOURCE_IS_MINE, None)],
    "stream": _for_all_commands(_SOURCE_IS_MINE, _STREAM_IS_MINE),
    "occurrence": _for_all_commands(_OCCURRENCE_IS_MINE),
}

# Nobody's in particular, and read by all: who is at work, which names and texts there are.
SHARED = frozenset({
    "alembic_version", "brandname", "heartbeat", "law_rule", "price", "restore_guard", "roll_up", "template",
    "tombstone", "trouble",
})  # fmt: skip


def policies_of(table: str, others: Sequence[str]) -> list[Policy]:
    """All of a table's. others: roles of somebody's own making that have rights on it, and see all of it as before."""
    if table not in OF_SOURCE:
        return []
    return [Policy("of_all", "ALL", [*SEES_ALL, *others], "true", "true"), *OF_SOURCE[table]]
