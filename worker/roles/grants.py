"""Which role may do what to which table; a test demands a line for every table.

Kept as data and not in migrations, so that a table that comes tomorrow can't be forgotten: what stands here is brought
about after every `migrate`, and what does not stand here is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

from worker.roles.names import Role

READ = frozenset({"SELECT"})
ADD = READ | {"INSERT"}
CHANGE = ADD | {"UPDATE"}
ALL = CHANGE | {"DELETE"}

Rights = Mapping[Role, frozenset[str]]


def _rights(worker: frozenset[str], producer: frozenset[str], source: frozenset[str] = frozenset()) -> Rights:
    return {Role.WORKER: worker, Role.PRODUCER: producer, Role.SOURCE: source}


NOT_LISTED = _rights(ALL, frozenset())  # a table of a later version, while this one's workers go on

GRANTS: dict[str, Rights] = {
    "account_balance": _rights(CHANGE, READ),
    "act": _rights(ADD, ADD, frozenset({"INSERT"})),  # for good: nobody changes what was done
    "advertised": _rights(ALL, ALL, frozenset()),  # who is forgotten goes
    "alembic_version": _rights(READ, READ, READ),
    "attempt": _rights(ALL, READ, READ),  # written by triggers, with their owner's rights; so are settlements
    "attendee": _rights(ALL, ALL, ALL),
    "brandname": _rights(ALL, ALL, READ),
    "consent": _rights(ADD, ADD),  # for good
    "contact": _rights(ALL, ALL, ALL),
    "decision": _rights(ADD, ADD, ADD),
    "do_not_call": _rights(READ, ALL),
    "event": _rights(CHANGE, CHANGE, CHANGE),
    "follow_up": _rights(ALL, CHANGE, CHANGE),
    "happening": _rights(ALL, ADD | {"DELETE"}),  # who is forgotten goes
    "heartbeat": _rights(CHANGE, CHANGE, READ),
    "inbox": _rights(ALL, ALL, READ),  # others write it by the functions of the schema esms
    "law_rule": _rights(READ, ALL, READ),
    "message": _rights(ALL, CHANGE, CHANGE),
    "notification": _rights(ALL, CHANGE, CHANGE),
    "occurrence": _rights(CHANGE, CHANGE, CHANGE),
    "opt_out": _rights(ALL, ALL, ALL),
    "page_session": _rights(ALL, ALL),
    "page_user": _rights(CHANGE, CHANGE),
    "pause": _rights(CHANGE, CHANGE, CHANGE),
    "person_request": _rights(ALL, CHANGE),  # by whoever sees all sources; one that is bound to its own asks for nobody
    "price": _rights(ALL, ALL, READ),
    "producer_source": _rights(READ, frozenset()),  # whose is what: the owner says, workers listen to their queues
    "removal": _rights(ALL, ADD),
    "refused_task": _rights(ALL, ALL),  # an operator forgets them
    "refused_token": _rights(ALL, ALL),  # of HTTP: esms-worker serve counts them
    "reminder": _rights(CHANGE, CHANGE, CHANGE),
    "report_daily": _rights(ALL, READ, READ),
    "report_latency": _rights(ALL, READ, READ),
    "report_latency_month": _rights(READ, READ, READ),  # a trigger writes it
    "report_minute": _rights(ALL, READ),
    "report_month": _rights(READ, READ, READ),  # as report_latency_month
    "report_standing": _rights(ALL, READ),
    "report_superseded": _rights(ALL, READ),
    "request": _rights(ALL, READ, READ),
    "rerun": _rights(ALL, CHANGE, CHANGE),
    "restore_guard": _rights(CHANGE, READ, READ),
    "retention_place": _rights(CHANGE, READ),
    "roll_up": _rights(ALL, READ, READ),
    "rule_use": _rights(ALL, ADD, frozenset({"INSERT"})),
    "search": _rights(ALL, ALL),
    "settlement": _rights(ALL, READ, READ),
    "sign_in": _rights(ALL, ALL),
    "source_limit": _rights(CHANGE, READ, READ),
    "stream": _rights(ALL, CHANGE, CHANGE),  # to hold on to a row (FOR KEY SHARE) takes the right to update it
    "sweep": _rights(ALL, CHANGE),
    "template": _rights(CHANGE, CHANGE, READ),
    "token": _rights(ALL, ALL),
    "tombstone": _rights(ADD, ADD, READ),
    "trouble": _rights(ALL, READ, READ),
    "upload": _rights(ALL, ALL),  # people's files: of whoever answers for all sources
    "upload_row": _rights(ALL, ALL),
    "webhook": _rights(CHANGE, CHANGE),
    "webhook_call": _rights(ALL, ADD),
    "webhook_secret": _rights(ALL, frozenset({"INSERT"})),  # who makes one need not read those of others
}


def rights_to(table: str) -> Rights:
    """The rights of every role but the owner, and the one for reports, which has views of its own."""
    return GRANTS.get(table, NOT_LISTED)
