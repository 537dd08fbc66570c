"""What row-level security asks, and what a bound login may know of others' rows without seeing them.

Each runs with its owner's rights and names every table with its schema: a login could put a table of the same name
before it otherwise. They go by the login (session_user), which `SET ROLE` does not change. Others may stand on
`sources_of_session()`: functions of SQL, and whatever narrows a transaction to one source by `esms.source`.
"""

from __future__ import annotations

from worker.database import NARROWED_BY
from worker.ledger.failed import RETRIED
from worker.ledger.opt_out import opted_out_by_number
from worker.ledger.streams import KEY
from worker.lifecycle import PERSONS_MOVES, Status
from worker.roles.names import Role

# A transaction's own narrowing (NARROWED_BY) never widens: '=shop' is the source shop, '=' the one without a name.
_SOURCES = f"""
    CREATE OR REPLACE FUNCTION {{schema}}.sources_of_session() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE AS $$
    DECLARE
        chosen CONSTANT text := current_setting('{NARROWED_BY}', true);
        bound CONSTANT text[] := ARRAY(SELECT source FROM {{schema}}.producer_source WHERE role_name = session_user);
    BEGIN
        IF bound = ARRAY[]::text[] AND NOT ({{sees_all}}) THEN
            RETURN ARRAY[]::text[];
        ELSIF coalesce(chosen, '') = '' THEN
            RETURN bound;
        ELSIF bound = ARRAY[]::text[] OR substr(chosen, 2) = ANY (bound) THEN
            RETURN ARRAY[substr(chosen, 2)];
        END IF;
        RETURN ARRAY[]::text[];
    END $$
"""

# Postgres checks what a row becomes and never what it was: this looks at the row as it still stands. In the stream of
# another it would take that one's turns.
_PERSONS_MOVE = """
    CREATE OR REPLACE FUNCTION {schema}.is_a_persons_move(
        of_id uuid, of_notification uuid, to_phone text, to_status text, to_request_id text, to_sms_id text,
        to_stream bigint
    ) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE AS $$
    BEGIN
        RETURN EXISTS (
            SELECT FROM {schema}.message AS m JOIN {schema}.notification AS n ON n.id = m.notification_id
            WHERE m.id = of_id AND m.notification_id = of_notification AND m.phone = to_phone
              AND (m.status, to_status) IN ({moves})
              AND (to_request_id IS NULL OR to_request_id = m.request_id)
              AND (to_sms_id IS NULL OR to_sms_id = m.sms_id) AND to_stream IN (m.stream, {stream})
        );
    END $$
"""

_OPTED_OUT = """
    CREATE OR REPLACE FUNCTION {schema}.has_opted_out(number text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE AS $$
    BEGIN
        RETURN {opted_out};
    END $$
"""

# Volatile, so that it sees what the statement that asks has just inserted: a message comes with its notification.
# The sources are the session's, asked for once a statement and not for each message.
_TAKES_MESSAGES = """
    CREATE OR REPLACE FUNCTION {schema}.takes_messages(of_notification uuid, of_stream bigint, of_sources text[])
    RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
    BEGIN
        RETURN EXISTS (
            SELECT FROM {schema}.notification AS n
            WHERE n.id = of_notification AND n.source = ANY (of_sources) AND of_stream = {stream}
        );
    END $$
"""

SIGNATURES = (
    "sources_of_session()",
    "is_a_persons_move(uuid, uuid, text, text, text, text, bigint)",
    "has_opted_out(text)",
    "takes_messages(uuid, bigint, text[])",
)


def definitions(schema: str) -> list[str]:
    """Each function's, for the tables of this schema (quoted as SQL wants it)."""
    return [
        _SOURCES.format(schema=schema, sees_all=_sees_all()),
        _PERSONS_MOVE.format(schema=schema, moves=", ".join(_moves()), stream=KEY),
        _OPTED_OUT.format(schema=schema, opted_out=opted_out_by_number("number", schema)),
        _TAKES_MESSAGES.format(schema=schema, stream=KEY),
    ]


def _sees_all() -> str:
    """A login that is bound to nothing may choose a source if it could see all of them anyway."""
    roles = (Role.PRODUCER, Role.WORKER, Role.OWNER)
    return " OR ".join(f"pg_has_role(session_user, '{role}', 'USAGE')" for role in roles)


def _moves() -> list[str]:
    """What a person may do to a message; call it off, move its date; note what takes a failed one's place."""
    moves = PERSONS_MOVES | {Status.QUEUED: frozenset({Status.QUEUED, Status.CANCELLED})}
    moves |= {status: PERSONS_MOVES[status] | {status} for status in RETRIED}
    return [f"('{before}', '{after}')" for before, onward in moves.items() for after in sorted(onward)]
