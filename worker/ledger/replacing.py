"""Put new messages in the place of failed ones: corrected, or by another channel. Each is linked to the other.

One statement does it, so that the old message is found only once: to link it, and to count the next generation.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from worker.ledger.insert_statements import MESSAGE, NOTIFICATION, promise, told_once
from worker.ledger.inserts import Put, Stored, complete, request_ids, terms_as_row
from worker.ledger.plans import place
from worker.ledger.rows import as_array, as_rows
from worker.ledger.streams import opened
from worker.lookups import by_key

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

STAYS = "stays"  # it failed in such a way that nothing follows it by itself

# The caller has locked the old messages. A notification comes with its first message, which alone has a fingerprint.
_PUT_IN_PLACE = text(f"""
    WITH {told_once()}, said AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:said AS json)) AS said (
            said integer, t integer, content text, segments smallint, plain_segments smallint, template_id text
        )
    ), replaced AS (
        UPDATE message AS m SET replaced_by = new.message_id
        FROM (
            SELECT new.*, m.ctid AS place FROM unnest(
                CAST(:replaces AS uuid[]), CAST(:ids AS uuid[]), CAST(:messages AS uuid[]), CAST(:phones AS text[]),
                CAST(:requests AS text[]), CAST(:places AS integer[]), CAST(:fingerprints AS text[])
            ) AS new (replaces, id, message_id, phone, request_id, said, fingerprint)
            {place("new.replaces")}
        ) AS new
        WHERE m.ctid = new.place
        RETURNING new.*, m.generation + 1 AS generation
    ), inserted AS (
        {NOTIFICATION}
        FROM (
            SELECT *, CAST(NULL AS text) AS reference FROM replaced JOIN said USING (said)
            WHERE fingerprint IS NOT NULL
        ) AS r JOIN t USING (t)
        RETURNING id
    ), messages AS (
        {MESSAGE.format(replaces="m.replaces", generation="m.generation")}
        -- After its notification: by that one it is told whose it is (roles/policies.py).
        FROM (SELECT * FROM replaced JOIN said USING (said)) AS m JOIN inserted USING (id) JOIN t USING (t)
    ), {opened("SELECT * FROM t")}
    SELECT count(*) FROM replaced
""")


# An open follow-up passes from the old message to the new one, in one statement. So does one that was decided with
# STAYS: the new message may fail in another way, which is followed.
_TAKE_OVER = text(f"""
    WITH taken AS (
        UPDATE follow_up SET due_at = NULL, outcome = 'taken over'
        WHERE message_id = ANY(CAST(:replaced AS uuid[])) AND (due_at IS NOT NULL OR outcome = '{STAYS}')
        RETURNING message_id
    )
    {promise("taken " + by_key("message", "m", of="taken.message_id", key="replaces"))}
""")


def put_in_place(session: Session, rows: Sequence[Stored]) -> Put:
    """Insert them, each message in the place of the one that `replaces` names for its number.

    What a recipient does not want is cancelled at once. The old messages are locked by the session, and none of the new
    ones has a reference. Follow-ups of the old messages pass to new ones with the same follow-up in their terms.
    """
    if rows:
        put = session.scalar(_PUT_IN_PLACE, _laid_out(rows))
        assert put == sum(len(row.messages) for row in rows), "each has one of its own to replace"
    if replaced := [id_.hex for row in rows if row.terms.follow_up for id_ in (row.replaces or {}).values()]:
        session.execute(_TAKE_OVER, {"replaced": as_array(replaced)})
    return complete(session, rows, {})


def _laid_out(rows: Sequence[Stored]) -> dict[str, str]:
    """As Postgres takes them; what many have in common is told once."""
    terms: dict[int, dict[str, Any]] = {}  # by identity, as in `lay_out`
    said: dict[Hashable, dict[str, Any]] = {}
    messages: list[tuple[str, ...]] = []
    for row in rows:
        key = (id(row.terms), row.content, row.template_id)
        if (found := said.get(key)) is None:
            if id(row.terms) not in terms:
                terms[id(row.terms)] = terms_as_row(row.terms, len(terms))
            found = said[key] = _said(row, terms[id(row.terms)]["t"]) | {"said": len(said)}
        messages += _messages(row, str(found["said"]))
    columns = zip(_COLUMNS, map(as_array, zip(*messages, strict=True)), strict=True)
    return {"terms": as_rows([*terms.values()]), "said": as_rows([*said.values()]), **dict(columns)}


def _said(row: Stored, terms: int) -> dict[str, Any]:
    names = ("content", "segments", "plain_segments", "template_id")
    return {"t": terms} | {name: getattr(row, name) for name in names}


_COLUMNS = ("replaces", "ids", "messages", "phones", "requests", "places", "fingerprints")


def _messages(row: Stored, said: str) -> Iterator[tuple[str, ...]]:
    """In the order of the columns."""
    assert row.replaces is not None
    fingerprints = chain([row.fingerprint], repeat("NULL"))
    requests = chain(request_ids(row), repeat("NULL"))
    for (id_, phone), request, fingerprint in zip(row.messages, requests, fingerprints, strict=False):
        yield row.replaces[phone].hex, row.id.hex, id_, phone, request, said, fingerprint
