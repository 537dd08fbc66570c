"""Who has got it by another message of her chain, late or in its place, wants no second one: asked of what is claimed.

Not only by the one right before: in the place of a fallback that failed may stand its correction, while the first,
which was in doubt, arrives. Nor only by one before: what is in doubt while another channel takes its place may be
proved not to have been taken after that one has come.
"""

from __future__ import annotations

from worker.generations import is_alone
from worker.lifecycle import NOT_ARRIVED
from worker.lookups import by_key

ANSWERED = "the message in whose place it was to go arrived after all"
CAME_INSTEAD = "the message that went in its place arrived"
CALLED_BACK = "called back: another channel takes its place"

_FAILED = ", ".join(f"'{status}'" for status in sorted(NOT_ARRIVED))


def needless(message: str, *, waits: bool) -> str:
    """SQL: why this message is not to go to its recipient any more; NULL: it is to.

    waits: it is surely not out, and so goes no more beside what stands in its place and has not failed. What is in
    doubt is asked about until something arrives: it may have itself. What is alone costs a look at two columns, and its
    statement the few nodes of this plan. Where it was corrected to another number, what arrives at the old one says
    nothing.
    """
    goes_on = f"WHEN bool_or(o.later AND o.status NOT IN ({_FAILED})) THEN '{CALLED_BACK}'" if waits else ""
    return f"""CASE WHEN NOT {is_alone(message)} THEN (
        WITH RECURSIVE other (id, later, status, phone) AS (
            VALUES ({message}.replaces, false, '', ''), ({message}.replaced_by, true, '', '')
            UNION ALL
            SELECT CASE WHEN o.later THEN m.replaced_by ELSE m.replaces END, o.later, m.status, m.phone
            FROM other AS o {by_key("message", "m", of="o.id")}
        )
        SELECT CASE
            WHEN bool_or(o.status = 'delivered' AND NOT o.later) THEN '{ANSWERED}'
            WHEN bool_or(o.status = 'delivered') THEN '{CAME_INSTEAD}' {goes_on}
        END
        FROM other AS o WHERE o.phone = {message}.phone
    ) END"""
