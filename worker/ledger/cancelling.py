"""What a message looks like that is called off, in SQL: written once, whoever calls it off and why."""

from __future__ import annotations

from worker.ledger.plans import still

CALLED_OFF = "cancelled before it was sent"


def cancelled(reason: str) -> str:
    """SQL, for SET: the message is cancelled. reason: an expression."""
    return f"status = 'cancelled', settled_at = now(), paused = false, reason = {reason}"


def cancelling(which: str, schema: str = "") -> str:
    """SQL: cancel what still waits of the messages `m` of which this holds."""
    return f"""
    UPDATE {schema}message AS m SET {cancelled(f"'{CALLED_OFF}'")}
    WHERE {which} AND {still("queued")}
    """
