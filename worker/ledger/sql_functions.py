"""What applications of any language call in their own transaction: the functions of the schema `esms`.

Each runs with its owner's rights, for the sources that the login (session_user) is bound to. What they write waits in
the inbox until a worker takes it in by the same intake as everybody's; nothing is notified, since that would make
commits wait for each other. The search_path is fixed: a caller's own operators and tables must not stand in for ours.
"""

from __future__ import annotations

from worker.database import NARROWED_BY
from worker.generations import followers
from worker.ledger import log
from worker.ledger.cancelling import cancelling
from worker.ledger.follow_ups import closing
from worker.lookups import by_key

SCHEMA = "esms"
BYTES_MOST = 1_000_000  # of one call's fields

_HEAD = "VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
_LOOK = _HEAD.replace("VOLATILE", "STABLE")

# A login that is bound to nothing may use any source where it could write the inbox itself.
_IS_MINE = f"""
    CREATE OR REPLACE FUNCTION esms.is_mine(of_source text) RETURNS boolean LANGUAGE plpgsql {_LOOK} AS $$
    DECLARE
        chosen CONSTANT text := coalesce(current_setting('{NARROWED_BY}', true), '');
        bound CONSTANT text[] := ARRAY(SELECT source FROM {{schema}}.producer_source WHERE role_name = session_user);
    BEGIN
        RETURN chosen IN ('', '=' || of_source) AND CASE
            WHEN bound = ARRAY[]::text[] THEN has_table_privilege(session_user, '{{schema}}.inbox', 'INSERT')
            ELSE of_source = ANY (bound)
        END;
    END $$
"""

# RFC 9562, version 7: a random one (4) whose first 48 bits are the time.
_PUT = f"""
    CREATE OR REPLACE FUNCTION esms.put(kind text, source text, reference text, fields jsonb) RETURNS uuid
    LANGUAGE plpgsql {_HEAD} AS $$
    DECLARE
        milliseconds CONSTANT bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
        new_id CONSTANT uuid := CAST(encode(set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(milliseconds) FROM 3) FROM 1 FOR 6), 52, 1
        ), 53, 1), 'hex') AS uuid);
    BEGIN
        IF esms.is_mine(source) IS NOT TRUE THEN
            RAISE insufficient_privilege USING MESSAGE = 'source: this login is not bound to it: use its own';
        ELSIF fields IS NULL OR octet_length(CAST(fields AS text)) > {BYTES_MOST} THEN
            RAISE invalid_parameter_value USING MESSAGE = 'fields: missing, or more than {BYTES_MOST} bytes';
        END IF;
        INSERT INTO {{schema}}.inbox (id, kind, source, reference, fields, bound)
        VALUES (new_id, kind, source, nullif(reference, ''), fields, EXISTS (
            SELECT FROM {{schema}}.producer_source AS p WHERE p.role_name = session_user
        ));
        RETURN new_id;
    END $$
"""

_BESIDES = {
    "purpose": "text",
    "campaign": "text",
    "send_date": "timestamptz",
    "expires_at": "timestamptz",
    "hand_over": "boolean",
}
# By kind: what it needs, and what it may have; the defaults are those of intake.
_MESSAGES = {
    "sms": (
        {"content": "text"},
        {"sms_type": "integer", "brandname": "text", "unicode": "boolean", "sandbox": "boolean"},
    ),
    "template_call": ({"template_id": "text"}, {"variables": "text[]"}),
    "record_call": (
        {"record_id": "text"},
        {
            "number_forward": "text",
            "ivr": "text",
            "time_wait_to_ivr": "integer",
            "max_repeat": "integer",
            "max_retry": "integer",
            "wait_retry": "integer",
        },
    ),
}

_EVENTS_AND_CONTACTS = """
    CREATE OR REPLACE FUNCTION esms.upsert_{what}(source text, key text, fields jsonb) RETURNS uuid
    LANGUAGE sql {head} AS $$
        SELECT esms.put('{what}', $1, $2, $3 || jsonb_build_object('source', $1, 'key', $2))
    $$
"""

_CANCEL_EVENT = f"""
    CREATE OR REPLACE FUNCTION esms.cancel_event(source text, key text, version text DEFAULT NULL) RETURNS uuid
    LANGUAGE sql {_HEAD} AS $$
        SELECT esms.put('event_cancelled', $1, $2, jsonb_strip_nulls(jsonb_build_object(
            'source', $1, 'key', $2,
            'version', CASE WHEN $3 ~ '^[0-9]{{{{1,18}}}}$' THEN to_jsonb(CAST($3 AS bigint)) ELSE to_jsonb($3) END
        )))
    $$
"""

_STANDING = "message_id uuid, phone text, status text, code text, field text, reason text"

# What is in the inbox stands there alone; a repeat stands where the first one does.
_STATUS = f"""
    CREATE OR REPLACE FUNCTION esms.status(id uuid) RETURNS TABLE ({_STANDING}) LANGUAGE sql {_LOOK} AS $$
        SELECT CAST(NULL AS uuid), NULL, i.state, NULL, i.field, i.reason
        FROM {{schema}}.inbox AS i WHERE i.id = $1 AND i.notification_id IS NULL AND esms.is_mine(i.source)
        UNION ALL
        SELECT m.id, m.phone, m.status, m.code, NULL, m.reason
        FROM {{schema}}.notification AS n JOIN {{schema}}.message AS m ON m.notification_id = n.id
        WHERE n.id = coalesce((SELECT i.notification_id FROM {{schema}}.inbox AS i WHERE i.id = $1), $1)
          AND esms.is_mine(n.source)
    $$
"""

_STATUS_BY_REFERENCE = f"""
    CREATE OR REPLACE FUNCTION esms.status(source text, reference text) RETURNS TABLE ({_STANDING})
    LANGUAGE sql {_LOOK} AS $$
        SELECT s.* FROM (
            SELECT n.id FROM {{schema}}.notification AS n WHERE n.source = $1 AND n.reference = $2
            UNION ALL
            (SELECT i.id FROM {{schema}}.inbox AS i
             WHERE i.source = $1 AND i.reference = $2 AND i.notification_id IS NULL ORDER BY i.number DESC LIMIT 1)
        ) AS found (id) CROSS JOIN LATERAL esms.status(found.id) AS s
    $$
"""

# Whoever takes it in holds the row: this waits for that commit, and then finds the messages.
_CANCEL = f"""
    CREATE OR REPLACE FUNCTION esms.cancel(id uuid) RETURNS integer LANGUAGE plpgsql {_HEAD} AS $$
    DECLARE
        moved integer;
    BEGIN
        UPDATE {{schema}}.inbox AS i SET state = 'cancelled', fields = jsonb_build_object()
        WHERE i.id = $1 AND i.state = 'received' AND esms.is_mine(i.source);
        GET DIAGNOSTICS moved = ROW_COUNT;
        IF moved = 0 THEN
            {{cancelling}};
            GET DIAGNOSTICS moved = ROW_COUNT;
        END IF;
        RETURN moved;
    END $$
"""

_NOTIFICATION = """ARRAY(
                SELECT n.id FROM {schema}.notification AS n
                WHERE n.id = coalesce((SELECT i.notification_id FROM {schema}.inbox AS i WHERE i.id = $1), $1)
                  AND esms.is_mine(n.source)
            )"""


def definitions(schema: str) -> list[str]:
    """Each function's, for the tables of this schema (quoted as SQL wants it); in the order in which they stand."""
    made = [_IS_MINE, _PUT, *_enqueueing(), *map(_upsert, ("event", "contact")), _CANCEL_EVENT]
    made += [_STATUS, _STATUS_BY_REFERENCE, _CANCEL]
    return [*(each.format(schema=schema, cancelling=_cancelling(schema)) for each in made), *log.definitions(schema)]


def _cancelling(schema: str) -> str:
    """Twice nothing is to follow: the second time of what came in between, when the one who made it was waited for."""
    theirs = f"""
        SELECT m.id FROM unnest({_NOTIFICATION.format(schema=schema)}) AS i (id)
        {by_key(f"{schema}.message", "m", of="i.id", key="notification_id")}
    """
    these = f"ARRAY(WITH RECURSIVE {followers(theirs, f'{schema}.')} SELECT c.id FROM chain AS c)"
    close = closing(these, f"{schema}.")
    return f"{close}; {close}; {cancelling(f'm.id = ANY({these})', f'{schema}.')}"


def _upsert(what: str) -> str:
    return _EVENTS_AND_CONTACTS.format(what=what, head=_HEAD)


def _enqueueing() -> list[str]:
    """For one number and for many."""
    return [_enqueue(kind, numbers) for kind in _MESSAGES for numbers in ("text", "text[]")]


def _enqueue(kind: str, numbers: str) -> str:
    needed, options = _MESSAGES[kind]
    optional = options | _BESIDES
    parameters = [f"{name} {type_}" for name, type_ in needed.items()]
    parameters += [f"{name} {type_} DEFAULT NULL" for name, type_ in optional.items()]
    places = enumerate(["to", *needed, *optional], 3)
    fields = ", ".join(f"'{name}', ${place}" for place, name in places)
    return f"""
        CREATE OR REPLACE FUNCTION esms.enqueue_{kind}(
            source text, reference text, "to" {numbers}, {", ".join(parameters)}
        ) RETURNS uuid LANGUAGE sql {_HEAD} AS $$
            SELECT esms.put('{kind}', $1, $2, jsonb_strip_nulls(jsonb_build_object({fields})))
        $$
    """
