"""What sending rules did: how many messages each held back, cancelled or warned of, by day.

Rows are added, so that nobody who claims waits for anybody, and added up now and then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from worker.law.rules import Check, Did, Mode, Rule, channel_of, rule_in
from worker.ledger.claim_values import Claim
from worker.ledger.rows import as_rows
from worker.lifecycle import Purpose

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


Uses = Counter[tuple[str, Did]]

MANY = 20  # rows of one day, rule and deed: then they are made one

_ADD = text("""
    INSERT INTO rule_use (day, rule, did, messages)
    SELECT day, rule, did, messages FROM json_to_recordset(CAST(:rows AS json)) AS r (
        day date, rule text, did text, messages bigint
    )
""")
_ADD_UP = text("""
    WITH many AS MATERIALIZED (
        SELECT day, rule, did FROM rule_use WHERE day > current_date - 4
        GROUP BY 1, 2, 3 HAVING count(*) > :many LIMIT 1
    ), taken AS MATERIALIZED (
        SELECT u.id, u.messages FROM rule_use AS u JOIN many USING (day, rule, did) FOR UPDATE OF u SKIP LOCKED
    ), gone AS (
        DELETE FROM rule_use AS u USING taken WHERE u.id = taken.id
    )
    INSERT INTO rule_use (day, rule, did, messages)
    SELECT day, rule, did, (SELECT sum(messages) FROM taken) FROM many WHERE EXISTS (SELECT FROM taken)
    RETURNING id
""")
_REGISTERED = text("""
    SELECT count(*) FROM unnest(CAST(:phones AS text[])) AS p (phone)
    WHERE (SELECT true FROM do_not_call AS d WHERE d.phone = p.phone)
""")


def note_uses(session: Session, day: date, uses: Mapping[tuple[str, Did], int]) -> None:
    """Add what was done on this day of TIME_ZONE."""
    rows = [{"day": day, "rule": rule, "did": did, "messages": n} for (rule, did), n in uses.items()]
    session.execute(_ADD, {"rows": as_rows(rows)})


def add_up_uses(session: Session) -> bool:
    """Make one row of the many of one rule and day; True: there may be more."""
    return session.execute(_ADD_UP, {"many": MANY}).first() is not None


def warned_of(session: Session, claims: Sequence[Claim], rules: Sequence[Rule]) -> Uses:
    """How many of these that go out break rules which only warn; but for consent, which the claim has looked up."""
    warning = [rule for rule in rules if rule.mode is Mode.WARN]
    if not warning or not (ads := [claim for claim in claims if claim.advertising and not claim.in_doubt]):
        return Counter()
    uses: Uses = Counter()
    for rule in warning:
        theirs = [each for each in ads if rule.is_about(Purpose.ADVERTISING, channel_of(each.kind), rule.campaign)]
        if rule.check is Check.REGISTER:
            phones = [phone for claim in theirs for phone in claim.phones]
            uses[rule.name, Did.WARNED] += session.scalar(_REGISTERED, {"phones": phones}) or 0
        elif rule.check in (Check.LABEL, Check.REFUSAL, Check.SENDER):
            broken = (len(each.phones) for each in theirs if _breaks(rule, each.content, each.options))
            uses[rule.name, Did.WARNED] += sum(broken)
    return +uses


def _breaks(rule: Rule, content: str | None, options: Mapping[str, Any]) -> bool:
    return content is not None and rule.is_broken_by(content, options["sms_type"])


def of_reasons(reasons: Iterable[tuple[str, Did]], rules: Sequence[Rule]) -> Uses:
    """How often each rule's name ends one of these reasons; other reasons are left out."""
    names = {rule.name for rule in rules}
    each = Counter((rule_in(reason), did) for reason, did in reasons)
    return Counter({key: n for key, n in each.items() if key[0] in names})
