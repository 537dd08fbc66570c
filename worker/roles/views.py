"""The views of the schema `report`, for Metabase, Grafana, Excel or psql: their names and columns stay.

They run with their owner's rights, so that whoever may read them sees these and nothing else. A column may be added at
the end of a view; none is renamed, moved or taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.generations import counted, is_counted
from worker.lifecycle import FAILED, FINAL, LATENCY_BOUNDS, PURPOSE, WANTED_AT, Status, last_try

SCHEMA = "report"

_FAILED = ", ".join(repr(str(each)) for each in FAILED)
_OPEN = ", ".join(repr(str(each)) for each in Status if each not in FINAL and each is not Status.HELD)
_EDGES = f"CAST(ARRAY[0, {', '.join(map(str, LATENCY_BOUNDS))}] AS double precision[])"


@dataclass(frozen=True, slots=True)
class View:
    """columns: name, expression, comment. tail: from FROM on."""

    name: str
    comment: str
    columns: Sequence[tuple[str, str, str]]
    tail: str


_MESSAGE = (
    ("message_id", "m.id", "One recipient's message."),
    ("notification_id", "n.id", "What was asked for; several recipients share it."),
    ("source", "n.source", "The application that asked."),
    ("reference", "n.reference", "The application's own key."),
    ("campaign", "n.campaign", "The label that it was given."),
    ("purpose", PURPOSE, "code, service, reminder or advertising."),
    ("kind", "n.kind", "sms, template_call or record_call."),
    ("sms_type", "CAST(n.options ->> 'sms_type' AS smallint)", "eSMS's kind of SMS; empty: a call."),
    ("lane", "m.lane", "urgent, normal, bulk or voice."),
    ("phone", "m.phone", "E.164, like +84901234567."),
    ("status", "m.status", "Where it stands: docs/statuses.md."),
    ("code", "m.code", "What eSMS answered last: docs/codes.md."),
    ("reason", "m.reason", "In words, in English."),
    ("network", "m.network", "As eSMS names it, not by the number's first digits; known once it has ended."),
    ("segments", "n.segments", "SMS as they are billed, by our own count; empty: a call."),
    ("price", "m.price", "In dong, where eSMS told it."),
    ("attempts", "m.attempts", "How often it was tried, all in all."),
    ("generation", "m.generation", "How often it was sent again after it had ended."),
    ("wanted_at", WANTED_AT, "When it was to go out, this time: the day that it counts for."),
    ("accepted_at", "m.accepted_at", "When eSMS took it."),
    ("settled_at", "m.settled_at", "When it ended."),
    ("enqueued_at", "m.created_at", "When it was handed over."),
)
_PLACE = (  # behind the columns that each view had before
    ("replaces", "m.replaces", "The message in whose place it went: that was corrected, or another channel took over."),
    ("replaced_by", "m.replaced_by", "The message that went in its place."),
)
_IS_COUNTED = is_counted("{schema}.")
_OF_MESSAGES = "FROM {schema}.message AS m JOIN {schema}.notification AS n ON n.id = m.notification_id"

_KEYS = (
    ("day", "r.day", "On which they were to go out; of TIME_ZONE."),
    ("source", "r.source", "The application that asked; empty text: none."),
    ("campaign", "r.campaign", "Empty text: none."),
    ("purpose", "r.purpose", "code, service, reminder or advertising."),
    ("lane", "r.lane", "urgent, normal, bulk or voice."),
    ("sms_type", "r.sms_type", "eSMS's kind of SMS; 0: a call."),
    ("network", "r.network", "As eSMS names it; empty text: not known, or not ended."),
)
_AMOUNTS = (
    ("segments", "sum(r.segments)", "SMS as they are billed, by our own count; a call is one."),
    ("priced", "sum(r.priced)", "Messages whose price eSMS told."),
    ("price", "sum(r.price)", "Of these, in dong."),
)


_PEOPLE = "(r.messages - r.superseded)"
_EARLIER = "Earlier generations of those to whom it was sent again; they are in none of the counts."
_ONCE = "A recipient to whom it was sent again counts once: by the last generation, on its day."


def _counts() -> Iterator[tuple[str, str, str]]:
    yield ("messages", f"sum({_PEOPLE})", _ONCE)
    for name, statuses, comment in (
        ("delivered", "'delivered'", "The operator says that it arrived."),
        ("failed", _FAILED, "Undelivered, rejected, expired or unknown for ever."),
        ("held", "'held'", "A person decides."),
        ("cancelled", "'cancelled'", "Called back before it went out."),
        ("sandboxed", "'sandboxed'", "Checked by eSMS, delivered to nobody."),
        ("open", _OPEN, "Waits, is under way, or is being asked about."),
    ):
        yield (name, f"coalesce(sum({_PEOPLE}) FILTER (WHERE r.status IN ({statuses})), 0)", comment)


_STANDS = f"(SELECT c.status FROM {{schema}}.message AS c WHERE c.id = {counted('{schema}.')})"
_NAME = "(SELECT string_agg(DISTINCT c.name, ', ') FROM {schema}.contact AS c WHERE c.phones @> ARRAY[m.phone])"

VIEWS = (
    View(
        "report_messages",
        "Each recipient's message as it stands now.",
        (*_MESSAGE, *_PLACE, ("is_counted", _IS_COUNTED, "It is the one by which reports count its recipient.")),
        _OF_MESSAGES,
    ),
    View(
        "report_failures",
        "Whom it did not reach, each once: it did not arrive, was refused, came too late, or nobody will ever know.",
        (
            *_MESSAGE,
            ("name", _NAME, "Of the contact with this number, if there is one."),
            ("last_try", last_try("{schema}."), "When eSMS was last asked to send it."),
            *_PLACE,
        ),
        f"{_OF_MESSAGES} WHERE m.status IN ({_FAILED}) AND {_IS_COUNTED}",
    ),
    View(
        "report_held",
        "What only a person can decide: eSMS may or may not have taken it.",
        (
            *_MESSAGE,
            (
                "held_at",
                "(SELECT max(s.at) FROM {schema}.settlement AS s WHERE s.message_id = m.id AND s.status = 'held')",
                "Since when.",
            ),
        ),
        f"{_OF_MESSAGES} WHERE m.status = 'held'",
    ),
    View(
        "report_attempts",
        "Each try under a RequestId, those that are over and the last one.",
        (
            ("message_id", "a.message_id", "The message that it was of."),
            ("number", "a.number", "From 0."),
            ("generation", "a.generation", "How often the message had been sent again after it had ended."),
            ("request_id", "a.request_id", "By which eSMS takes it once; empty: it never went out."),
            ("sms_id", "a.sms_id", "eSMS's own id."),
            ("status", "a.status", "That it came to; queued: eSMS surely did not take it, and another followed."),
            ("code", "a.code", "What eSMS answered last."),
            ("reason", "a.reason", "In words, in English."),
            ("network", "a.network", "As eSMS names it."),
            ("price", "a.price", "In dong, where eSMS told it."),
            ("tries", "a.tries", "Of the message by then."),
            ("wanted_at", "a.wanted_at", "When it was to go out."),
            ("wanted_by", "a.wanted_by", "Who had it sent again; empty: its producer."),
            ("accepted_at", "a.accepted_at", "When eSMS took it."),
            ("settled_at", "a.settled_at", "When it ended."),
            ("is_last", "a.is_last", "It is the one by which the message stands."),
        ),
        """FROM (
            SELECT message_id, number, generation, request_id, sms_id, status, code, reason, network, price, tries,
                wanted_at, wanted_by, accepted_at, settled_at, false AS is_last FROM {schema}.attempt
            UNION ALL
            SELECT id, renewals, generation, request_id, sms_id, status, code, reason, network, price, attempts,
                coalesce(wanted_at, created_at), wanted_by, accepted_at, settled_at, true FROM {schema}.message
        ) AS a""",
    ),
    View(
        "report_daily",
        "How many messages of a day stand where: the sums that everything but lists is made of.",
        (
            *_KEYS,
            ("status", "r.status", "Where they stand."),
            ("code", "r.code", "What eSMS answered last; empty text: nothing."),
            ("messages", _PEOPLE, _ONCE),
            ("segments", "r.segments", _AMOUNTS[0][2]),
            ("priced", "r.priced", _AMOUNTS[1][2]),
            ("price", "r.price", _AMOUNTS[2][2]),
            ("superseded", "r.superseded", _EARLIER),
        ),
        "FROM {schema}.report_daily AS r WHERE r.messages <> 0",
    ),
    View(
        "report_campaigns",
        "What came of each campaign.",
        (
            ("campaign", "r.campaign", "Empty text: none."),
            ("first_day", "min(r.day)", "On which one was to go out."),
            ("last_day", "max(r.day)", "The same, the last one."),
            *_counts(),
            *_AMOUNTS,
            ("superseded", "sum(r.superseded)", _EARLIER),
        ),
        "FROM {schema}.report_daily AS r WHERE r.messages <> 0 GROUP BY r.campaign",
    ),
    View(
        "report_networks",
        "What came of the messages of each network and day.",
        (_KEYS[0], _KEYS[6], *_counts(), *_AMOUNTS, ("superseded", "sum(r.superseded)", _EARLIER)),
        "FROM {schema}.report_daily AS r WHERE r.messages <> 0 GROUP BY r.day, r.network",
    ),
    View(
        "report_latency",
        "How many took how long; these add up, and give percentiles.",
        (
            *_KEYS,
            ("leg", "r.leg", "accepted: from wanted_at until eSMS took it; delivered: from there until it ended so."),
            ("from_seconds", f"({_EDGES})[r.bucket + 1]", "So long or longer."),
            ("to_seconds", f"({_EDGES})[r.bucket + 2]", "Shorter than this; empty: however long."),
            ("messages", "r.messages", "So many."),
        ),
        "FROM {schema}.report_latency AS r WHERE r.messages <> 0",
    ),
    View(
        "report_rules",
        "What each sending rule did, day by day: docs/law.md.",
        (
            ("day", "u.day", "Of TIME_ZONE."),
            ("rule", "u.rule", "Its name."),
            *(
                (did, f"coalesce(sum(u.messages) FILTER (WHERE u.did = '{did}'), 0)", comment)
                for did, comment in (
                    ("held", "Messages that waited for it; each time that one did."),
                    ("cancelled", "Messages that did not go out for it."),
                    ("warned", "Messages that went out though they do not keep it."),
                )
            ),
        ),
        "FROM {schema}.rule_use AS u GROUP BY u.day, u.rule",
    ),
    View(
        "report_reminders",
        "Each occurrence of a rule or event for one recipient, and what came of it.",
        (
            ("reminder", "coalesce(r.name, e.title)", "The rule's name, or the event's title."),
            ("is_event", "e.id IS NOT NULL", "It is of an event, and not of a rule."),
            ("owner_id", "o.owner_id", "The rule's or event's."),
            ("occasion", "o.occasion", "The day that is celebrated, or the start of the meeting."),
            ("before", "o.before", "The event's offset; empty text for a rule."),
            ("recipient", "o.recipient", "The contact's or attendee's key."),
            ("occurs_at", "o.occurs_at", "When it was due."),
            ("state", "o.state", "made, skipped or cancelled."),
            ("reason", "o.reason", "Why it was skipped or cancelled; in English."),
            ("message_id", "m.id", "What was made of it."),
            ("status", _STANDS, "Where that stands, or what went in its place."),
        ),
        """FROM {schema}.occurrence AS o
        LEFT JOIN {schema}.reminder AS r ON r.id = o.owner_id
        LEFT JOIN {schema}.event AS e ON e.id = o.owner_id
        LEFT JOIN {schema}.message AS m ON m.notification_id = o.notification_id""",
    ),
)


def statements(schema: str) -> list[str]:
    """Make them as they are here, over the tables of this schema (quoted as SQL wants it)."""
    return [each.format(schema=schema) for view in VIEWS for each in _made(view)]


def _made(view: View) -> Iterator[str]:
    columns = ",\n    ".join(f"{expression} AS {name}" for name, expression, _ in view.columns)
    yield f"CREATE OR REPLACE VIEW {SCHEMA}.{view.name} AS SELECT\n    {columns}\n{view.tail}"
    yield f"COMMENT ON VIEW {SCHEMA}.{view.name} IS {_quoted(view.comment)}"
    for name, _, comment in view.columns:
        yield f"COMMENT ON COLUMN {SCHEMA}.{view.name}.{name} IS {_quoted(comment)}"


def _quoted(comment: str) -> str:
    return "'" + comment.replace("'", "''") + "'"
