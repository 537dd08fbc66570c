"""SQL for chains: all messages of one recipient, each sent in the place of the one before, and which of them counts."""

from __future__ import annotations

from worker.lookups import by_key, by_keys

# First what was delivered, since it reached the recipient, whatever else was tried. Last what was cancelled before it
# went out, since that changed nothing. Among equals the latest.
COUNTED_FIRST = "status = 'delivered' DESC, status <> 'cancelled' DESC, place DESC"
# What `chains` may begin with: the messages whose ids are the parameter `ids`.
THESE = f"SELECT m.id, m.replaces FROM {by_keys('message', 'm', of=':ids')}"  # noqa: S608 — our own names


def chains(of: str, schema: str = "", *, at_once: str = "") -> str:
    """SQL, for WITH RECURSIVE: `chain` has all messages of these messages' recipients, each once: `root` is the id of
    a recipient's first one, `place` counts from it.

    of: a query of the messages' id and replaces. at_once: a LIMIT, where it is known of how few recipients they are;
    Postgres expects ten times as many at each step.
    """
    return f"""before (id, replaces) AS (
            {of}
            UNION
            SELECT m.id, m.replaces FROM (SELECT * FROM before {at_once}) AS b {_found("b.replaces", schema)}
        ), {followers(f"SELECT id FROM before WHERE replaces IS NULL {at_once}", schema, at_once=at_once)}"""  # noqa: S608


def followers(of: str, schema: str = "", *, at_once: str = "") -> str:
    """The same, but of these messages and what came after them alone. of: a query of their ids."""
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


def counted(schema: str = "") -> str:
    """SQL: the id of the message by which the recipient of `m` is counted: that one, or another of its chain."""
    return f"CASE WHEN {is_alone()} THEN m.id ELSE {_counted(schema)} END"


def is_counted(schema: str = "") -> str:
    """SQL: the message `m` is the one by which its recipient is counted.

    To compare its id with `counted` says the same, but Postgres then expects one message in two hundred to be left.
    """
    return f"({is_alone()} OR m.id = {_counted(schema)})"


def _counted(schema: str) -> str:
    return f"""(
        WITH RECURSIVE {chains("SELECT m.id, m.replaces", schema, at_once="LIMIT 1")}
        SELECT id FROM chain ORDER BY {COUNTED_FIRST} LIMIT 1
    )"""  # noqa: S608 — our own schemas
