"""The messages of one recipient, each in the `place` of the one before: all of them, and by which one she is counted.

Each is found by its key, one after the other, whatever Postgres expects of how many there are: that says OFFSET 0.
"""

from __future__ import annotations

from worker.lookups import by_key, by_keys

# What was delivered reached her, whatever else was tried; what was called back before it went out leaves her where she
# was.
COUNTED_FIRST = "status = 'delivered' DESC, status <> 'cancelled' DESC, place DESC"
# First in a transaction that asks for the chains of many: to compile that costs more than to do it.
UNCOMPILED = "SELECT set_config('jit', 'off', true)"
# To begin with, for `chains`: those whose ids are given.
THESE = f"SELECT m.id, m.replaces FROM {by_keys('message', 'm', of=':ids')}"  # noqa: S608 — our own names


def chains(of: str, schema: str = "", *, at_once: str = "") -> str:
    """SQL, for WITH RECURSIVE: `chain`, all messages of the recipients of these, each once, by `root` and `place`.

    of: a query of their id and replaces. at_once: as LIMIT, of how few recipients they are, where that is known:
    Postgres expects ten times as many at each step.
    """
    return f"""before (id, replaces) AS (
            {of}
            UNION
            SELECT m.id, m.replaces FROM (SELECT * FROM before {at_once}) AS b {_found("b.replaces", schema)}
        ), {followers(f"SELECT id FROM before WHERE replaces IS NULL {at_once}", schema, at_once=at_once)}"""  # noqa: S608


def followers(of: str, schema: str = "", *, at_once: str = "") -> str:
    """The same of these and what came after them alone. of: a query of their id."""
    return f"""chain (root, place, id, status, replaced_by, created_at) AS (
            SELECT m.id, 0, m.id, m.status, m.replaced_by, m.created_at FROM ({of}) AS b {_found("b.id", schema)}
            UNION ALL
            SELECT c.root, c.place + 1, m.id, m.status, m.replaced_by, m.created_at
            FROM (SELECT * FROM chain {at_once}) AS c {_found("c.replaced_by", schema)}
        )"""  # noqa: S608 — our own schemas


def _found(id_: str, schema: str) -> str:
    return by_key(f"{schema}message", "m", of=id_)


def is_alone(message: str = "m") -> str:
    """SQL: nothing came before this message, and nothing after it."""
    return f"({message}.replaces IS NULL AND {message}.replaced_by IS NULL)"


def counted(schema: str = "", *, message: str = "m") -> str:
    """SQL: the id of the message by which the recipient of this one is counted: it, or one of its chain."""
    return f"CASE WHEN {is_alone(message)} THEN {message}.id ELSE {_counted(schema, message)} END"


def is_counted(schema: str = "", *, message: str = "m") -> str:
    """SQL: this message is the one by which its recipient is counted.

    To compare with `counted` says the same, but Postgres expects of that that it leaves one message in two hundred.
    """
    return f"({is_alone(message)} OR {message}.id = {_counted(schema, message)})"


def _counted(schema: str, message: str) -> str:
    return f"""(
        WITH RECURSIVE {chains(f"SELECT {message}.id, {message}.replaces", schema, at_once="LIMIT 1")}
        SELECT id FROM chain ORDER BY {COUNTED_FIRST} LIMIT 1
    )"""  # noqa: S608 — our own schemas
