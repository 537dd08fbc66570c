"""Functions in Postgres: what row-level security asks, and what a bound login may learn of rows that it can't see.

Each runs with its owner's rights, and names every table with its schema, since a login could otherwise create a table
of the same name that comes first. They go by the login (session_user), which `SET ROLE` does not change. Other
functions, and transactions that are narrowed to one source (`esms.source`), rely on `sources_of_session()`.
"""

from __future__ import annotations

from collections.abc import Iterable

from worker.database import NARROWED_BY
from worker.ledger.opt_out import opted_out_by_number
from worker.ledger.plans import COUNTED, FOUND_EMPTY, MANY
from worker.ledger.streams import KEY
from worker.lifecycle import PERSONS_MOVES, RETRIED, Status
from worker.roles.names import Role

# The setting NARROWED_BY only ever narrows. It is '=shop' for the source shop, and '=' for the one without a name.
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

# A policy's check sees what a row becomes and never what it was, so this looks at the row as it still stands. Its
# stream may not become another source's: the message would go out in that one's turns.
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

# VOLATILE, so that it sees the notification that the same statement has just inserted with its message. of_sources: the
# session's, passed in so that they are looked up once a statement and not for each message.
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

# For each place (a notification): how many of its numbers get no advertising at the moment when it is due, and by which
# rule. Each number is looked up by its key in a scalar subquery; EXISTS could become a walk over the whole register.
_RULES_BROKEN = """
    CREATE OR REPLACE FUNCTION {schema}.rules_broken(
        places integer[], numbers text[], dues timestamptz[], by_channel text, by_register boolean, by_consent boolean,
        most integer, span interval
    ) RETURNS TABLE (
        place integer, messages bigint, registered bigint, unknown bigint, withdrawn bigint, enough bigint,
        enough_until timestamptz
    ) LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE AS $$
    BEGIN
        RETURN QUERY
        SELECT found.place, count(*), count(*) FILTER (WHERE found.registered),
            count(*) FILTER (WHERE by_consent AND found.act IS NULL), count(*) FILTER (WHERE found.act = 'withdrawn'),
            count(found.until), max(found.until)
        FROM (
            SELECT p.place,
                by_register AND (SELECT true FROM {schema}.do_not_call AS d WHERE d.phone = p.phone) AS registered,
                (
                    SELECT c.act FROM {schema}.consent AS c
                    WHERE c.phone = p.phone AND c.purpose = 'advertising'
                      AND coalesce(c.channel, by_channel) = by_channel
                    ORDER BY c.at DESC, c.id DESC LIMIT 1
                ) AS act,
                CASE WHEN most IS NOT NULL THEN (
                    SELECT a.at[cardinality(a.at) - most + 1] + span FROM {schema}.advertised AS a
                    WHERE a.phone = p.phone AND a.channel = by_channel
                      AND a.at[cardinality(a.at) - most + 1] + span > coalesce(p.due, now())
                ) END AS until
            FROM unnest(places, numbers, dues) AS p (place, phone, due)
        ) AS found
        GROUP BY found.place;
    END $$
"""

# Undoing an opt-out gives back the consent that it withdrew. A login that is bound to a source sees no consents, and
# can write one only by this: for numbers without an opt-out whose last word was a withdrawal by opting out.
_NOTE_OPT_IN = """
    CREATE OR REPLACE FUNCTION {schema}.note_opt_in(numbers text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO {schema}.consent (phone, act, purpose, wording, how, at)
        SELECT p.phone, 'given', 'advertising', 'opted in again', 'opt-in', clock_timestamp()
        FROM unnest(numbers) AS p (phone) CROSS JOIN LATERAL (
            SELECT c.act, c.how, c.source FROM {schema}.consent AS c
            WHERE c.phone = p.phone AND c.purpose = 'advertising' AND c.channel IS NULL
            ORDER BY c.at DESC, c.id DESC LIMIT 1
        ) AS said
        WHERE said.act = 'withdrawn' AND (said.how = 'opt-out' OR said.how = 'sms' AND said.source = 'sms')
          AND NOT EXISTS (SELECT FROM {schema}.opt_out AS o WHERE o.phone = p.phone);
    END $$
"""

# Nobody changes a consent. Of whoever is forgotten a hash stands in the place of the number; what they withdrew is
# found by the number while it is to hold.
_HIDE_CONSENTS = """
    CREATE OR REPLACE FUNCTION {schema}.hide_consents(numbers text[], hashes text[], withdrawn_too boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
    BEGIN
        IF NOT ({forgets}) THEN
            RAISE EXCEPTION 'this login forgets nobody' USING ERRCODE = 'insufficient_privilege';
        END IF;
        UPDATE {schema}.consent AS c SET phone = h.hash FROM unnest(numbers, hashes) AS h (phone, hash)
        WHERE c.phone = h.phone AND (c.act = 'given' OR withdrawn_too);
    END $$
"""

# To count takes a right that nobody but the owner has. Are there many after all? Postgres's own number of what was
# committed since does not tell: who counts while others commit sets it to nothing as well. So it looks, along the key.
# Whoever comes while another counts waits a moment for it, rather than go on by the plans of before; a table that is
# being vacuumed or changed is left out.
_COUNT_ANEW = f"""
    CREATE OR REPLACE FUNCTION {{schema}}.count_anew() RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog SET lock_timeout = '1s' SET client_min_messages = 'error'
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
    DECLARE
        one record;
        there bigint;
    BEGIN
        FOR one IN
            SELECT c.oid, t.name, t.key
            FROM unnest(CAST(ARRAY[{{tables}}] AS text[]), CAST(ARRAY[{{keys}}] AS text[])) AS t (name, key)
            JOIN pg_class AS c ON c.oid = CAST(t.name AS regclass)
            WHERE {FOUND_EMPTY} ORDER BY c.oid
        LOOP
            EXECUTE 'SELECT count(*) FROM (SELECT FROM ' || one.name || ' ORDER BY ' || one.key || ' LIMIT {MANY}) AS t'
            INTO there;
            CONTINUE WHEN there < {MANY};
            PERFORM pg_advisory_xact_lock(hashtext('count_anew'), CAST(one.oid AS integer));
            IF (SELECT {FOUND_EMPTY} FROM pg_class AS c WHERE c.oid = one.oid) THEN
                EXECUTE 'ANALYZE (SKIP_LOCKED) ' || one.name;
            END IF;
        END LOOP;
    EXCEPTION WHEN lock_not_available THEN NULL;
    END $$
"""

SIGNATURES = (
    "sources_of_session()",
    "is_a_persons_move(uuid, uuid, text, text, text, text, bigint)",
    "has_opted_out(text)",
    "takes_messages(uuid, bigint, text[])",
    "note_opt_in(text[])",
    "hide_consents(text[], text[], boolean)",
    "rules_broken(integer[], text[], timestamptz[], text, boolean, boolean, integer, interval)",
    "count_anew()",
)


def definitions(schema: str) -> list[str]:
    """Each function's, for the tables of this schema (quoted as SQL wants it)."""
    return [
        _SOURCES.format(schema=schema, sees_all=_sees_all()),
        _PERSONS_MOVE.format(schema=schema, moves=", ".join(_moves()), stream=KEY),
        _OPTED_OUT.format(schema=schema, opted_out=opted_out_by_number("number", schema)),
        _TAKES_MESSAGES.format(schema=schema, stream=KEY),
        _NOTE_OPT_IN.format(schema=schema),
        _RULES_BROKEN.format(schema=schema),
        _COUNT_ANEW.format(
            schema=schema, tables=_listed(f"{schema}.{name}" for name in COUNTED), keys=_listed(COUNTED.values())
        ),
        _HIDE_CONSENTS.format(schema=schema, forgets=_is_one_of(Role.PRODUCER, Role.WORKER, Role.OWNER)),
    ]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _sees_all() -> str:
    """A login that is bound to nothing may choose a source if it could see all of them anyway."""
    return _is_one_of(Role.PRODUCER, Role.WORKER, Role.OWNER)


def _is_one_of(*roles: Role) -> str:
    return " OR ".join(f"pg_has_role(session_user, '{role}', 'USAGE')" for role in roles)


def _moves() -> list[str]:
    """What a person may do to a message; call it off, move its date; note what takes a failed one's place."""
    moves = PERSONS_MOVES | {Status.QUEUED: frozenset({Status.QUEUED, Status.CANCELLED})}
    moves |= {status: PERSONS_MOVES[status] | {status} for status in RETRIED}
    return [f"('{before}', '{after}')" for before, onward in moves.items() for after in sorted(onward)]
