"""Failed messages grouped by all that decides what becomes of them, so that a dry run looks at one of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text

from worker.ledger.asked import Asked
from worker.ledger.failed import LEFT, NOWHERE, Chosen, Place, beyond, chosen, scope_of
from worker.ledger.opt_out import IS_FOR_THE_WILLING
from worker.ledger.outlook import asked_for, summed
from worker.ledger.rows import options_of
from worker.lifecycle import PURPOSE
from worker.phone import USUAL

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

KINDS = 2000  # groups: with more, it is quicker to look at each message


class Some(NamedTuple):
    """A group of messages that are alike, in the form of a row of `choose`; `messages`: how many they are."""

    id: UUID  # made up: it stands for several
    notification_id: UUID
    phone: str
    lane: str
    grouped: bool
    status: str
    code: str | None
    network: str | None
    left_since: str | None
    messages: int


# A number that may be no mobile's is a group of its own, since an SMS may not go there. sms_alone: what a call would
# say is left out, since it can't be corrected like this at all.
@cache
def _likeness(scope: str, sms_alone: bool, goes_on: str) -> TextClause:
    options = "CASE WHEN n.kind = 'sms' THEN n.options ELSE '{}' END" if sms_alone else "n.options"
    return text(f"""
        SELECT n.kind, {PURPOSE} AS purpose, n.source, n.campaign, CAST({options} AS text) AS options,
            n.expires_at, CAST(n.follow_up AS text) AS follow_up, m.lane, m.grouped, m.status, m.code, m.network,
            {LEFT} AS left_since,
            {IS_FOR_THE_WILLING} AND has_opted_out(m.phone) AS opted_out,
            CASE WHEN m.phone ~ :usual THEN '' ELSE m.phone END AS unusual,
            min(m.phone) AS phone, count(*) AS messages
        FROM {asked_for(scope)}
        WHERE {chosen(scope, joined=True)} AND {goes_on}
        GROUP BY n.kind, 2, n.source, n.campaign, {options}, n.expires_at, n.follow_up, m.lane, m.grouped, m.status,
            m.code, m.network, 13, 14, 15
        LIMIT {KINDS + 1}
    """)


def alike(
    session: Session, which: Chosen, *, sms_alone: bool, after: Place = NOWHERE
) -> tuple[Sequence[Some], Mapping[UUID, Asked]] | None:
    """One row for each group, and by its id what was asked for, but for the text. None: there are too many groups.

    sms_alone: it is a correction that no call takes. after: only of what follows after this place.
    """
    scope, asked = scope_of(which), which.parameters() | after.parameters() | {"usual": USUAL}
    rows = summed(session, scope, _likeness(scope, sms_alone, beyond(after)), asked)
    if len(rows) > KINDS:
        return None
    some = [_some(UUID(int=place), row) for place, row in enumerate(rows, start=1)]
    return some, {each.id: _asked(each.id, row) for each, row in zip(some, rows, strict=True)}


def _some(id_: UUID, row: Any) -> Some:
    same = (row.phone, row.lane, row.grouped, row.status, row.code, row.network, row.left_since, row.messages)
    return Some(id_, id_, *same)


def _asked(id_: UUID, row: Any) -> Asked:
    follow_up = row.follow_up and options_of(row.follow_up)
    of = (row.kind, row.purpose, row.source, row.campaign)
    return Asked(id_, *of, None, None, options_of(row.options), row.expires_at, follow_up, 1)
