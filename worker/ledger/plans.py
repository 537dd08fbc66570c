"""How a statement keeps the plan that it was written for, whatever Postgres believes of the table.

Statistics are stale exactly when it matters: nothing was `accepted` when they were made, two hundred thousand are a
minute later. For what it believes to be one row, Postgres would rather walk the whole partial index of a status than
look up by id; for every message that is asked for, or once for each batch. The same holds of an SMSID beside an id: it
is compared by IS NOT DISTINCT FROM, which no index can answer.
"""

from __future__ import annotations


def still(*statuses: str, message: str = "m") -> str:
    """SQL: it stands there (still), for rows that are found by a key. No index of a status can answer that.

    What walks along such an index, in its order, compares `status` itself.
    """
    words = ", ".join(f"'{status}'" for status in statuses)
    return f"{message}.status || '' IN ({words})" if len(statuses) > 1 else f"{message}.status || '' = {words}"


def messages_of(notifications: str) -> str:
    """SQL: the ids of these notifications' messages, looked up for one after the other, by the index: however many
    messages a notification has in Postgres's eyes, it does not walk over all there are.
    """
    return f"""ARRAY(
        SELECT of.id FROM unnest(CAST({notifications} AS uuid[])) AS i (id)
        CROSS JOIN LATERAL (SELECT m.id FROM message AS m WHERE m.notification_id = i.id OFFSET 0) AS of
    )"""
