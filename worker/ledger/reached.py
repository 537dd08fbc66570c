"""Whether a recipient has got the same by another message already: asked in each claim, so that nobody gets it twice.

All messages of the chain count, and not just the one before. Before: a fallback may have failed and been corrected when
the first message, which was in doubt, arrives after all. And after: a message may be in doubt while its fallback takes
its place and arrives, and only then be proved not to have been taken, so that it could go out again.
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

    waits: it surely did not go out, so it gives way to what took its place and has not failed. What is in doubt does
    not: it may have arrived itself, and is asked about until something arrives. Only messages to the same number count:
    one may have been corrected to another. A message without a chain costs a look at two of its columns.
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


def has_got_it(message: str) -> str:
    """SQL: this message, which failed and has nothing in its place, would be needless if it was queued again.

    What goes first in its chain costs a look at its generation, which the index of what failed holds.
    """
    again = needless("this", waits=True)
    why = f"(SELECT {again} FROM message AS this WHERE this.id = {message}.id)"
    return f"({message}.generation > 0 AND {why} IS NOT NULL)"
