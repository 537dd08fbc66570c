"""Count the advertising that each number got lately, over all campaigns and sources, and let no more out than allowed.

One row for each number and channel holds its last messages, as many as may count. A claim adds its messages there
before it commits, and waits for any other claim that does so at that moment; so however many claim at once, none goes
out too many. What is proved not to have gone out is removed again; where a process dies before that is known, it
counts.

The rows are locked in the order of the numbers, by one statement at the end of the claim's transaction. Before it, one
statement locks those of numbers that agreed to a frequency, and one those of messages that are asked for again. Should
two claims wait for each other because of that, Postgres ends one of them, and it is made again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from worker.law.consents import counted_frequency
from worker.law.rules import AGREED, Channel, Did, Mode, Rule, channel_of, waits_until
from worker.ledger import limits
from worker.ledger.cancelling import cancelled
from worker.ledger.claim_values import Claim, Fence
from worker.ledger.gate import Gate
from worker.ledger.plans import still
from worker.ledger.rows import as_rows
from worker.ledger.rule_uses import warned_of
from worker.lifecycle import CHANNEL, IS_ADVERTISING, Purpose
from worker.lookups import by_key, by_keys

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


Frequencies = Mapping[str, tuple[int, timedelta]]  # by number, how many in which span

LOOKED_AT = 1000  # numbers in one statement
TOO_FEW = "fewer than {least} would be left for a request of their own"

# A message counts as sent at the end of its lease, since it may go out as late as that.
_COUNT = text("""
    INSERT INTO advertised AS a (phone, channel, at, messages)
    SELECT phone, CAST(:channel AS text), ARRAY[now() + :lasts], ARRAY[id]
    FROM unnest(CAST(:phones AS text[]), CAST(:ids AS uuid[])) AS wanted (phone, id) ORDER BY phone
    ON CONFLICT (phone, channel) DO UPDATE SET
        at = a.at[cardinality(a.at) - :keep + 2:] || excluded.at,
        messages = a.messages[cardinality(a.at) - :keep + 2:] || excluded.messages
    WHERE :always OR cardinality(a.at) < :most OR a.at[cardinality(a.at) - :most + 1] <= now() - :window
    RETURNING phone
""")

# For numbers that agreed to a frequency. First each gets a row, so that there is one to lock.
_FREQUENCIES = text("SELECT id, frequency FROM consent WHERE id = ANY(:ids) AND frequency IS NOT NULL")
_BEGIN = text("""
    INSERT INTO advertised (phone, channel, at, messages)
    SELECT phone, :channel, '{}', '{}' FROM unnest(CAST(:phones AS text[])) AS p (phone) ORDER BY phone
    ON CONFLICT DO NOTHING
""")
_LOCK = text("""
    SELECT phone, at FROM advertised WHERE channel = :channel AND phone = ANY(CAST(:phones AS text[]))
    ORDER BY phone FOR UPDATE
""")

_FULL_UNTIL = text("""
    SELECT phone, at[cardinality(at) - :most + 1] + :window AS until FROM advertised
    WHERE channel = :channel AND phone = ANY(CAST(:phones AS text[]))
      AND at[cardinality(at) - :most + 1] > now() - :window
""")

_WITHOUT = """
    at = ARRAY(
        SELECT x.at FROM unnest(a.at, a.messages) WITH ORDINALITY AS x (at, id, place)
        WHERE x.id <> ALL (t.ids) ORDER BY x.place
    ){at},
    messages = ARRAY(
        SELECT x.id FROM unnest(a.messages) WITH ORDINALITY AS x (id, place)
        WHERE x.id <> ALL (t.ids) ORDER BY x.place
    ){id}
"""
_THEIRS = f"""
    WITH locked AS MATERIALIZED (
        SELECT a.phone, a.channel, m.id FROM {by_keys("message", "m", of=":ids")}
        {by_key("notification", "n", of="m.notification_id")}
        JOIN advertised AS a ON a.phone = m.phone AND a.messages @> ARRAY[m.id]
            AND a.channel = {CHANNEL}
        WHERE {IS_ADVERTISING}
        ORDER BY a.phone, a.channel
        FOR UPDATE OF a
    ), t AS (SELECT phone, channel, array_agg(id) AS ids FROM locked GROUP BY phone, channel)
    UPDATE advertised AS a SET {{what}} FROM t WHERE (a.phone, a.channel) = (t.phone, t.channel)
"""
_LATER = " || array_fill(now() + :lasts, ARRAY[cardinality(t.ids)])"
_GIVE_BACK = text(_THEIRS.format(what=_WITHOUT.format(at="", id="")))
_AGAIN = text(_THEIRS.format(what=_WITHOUT.format(at=_LATER, id=" || t.ids")))

_WAIT = text(f"""
    UPDATE message AS m SET status = 'queued', lease_until = NULL, due_at = w.until, reason = w.reason,
        -- Under another id: theirs may be that of those who go out now.
        request_id = CASE WHEN m.grouped THEN NULL ELSE m.request_id END,
        renewals = m.renewals + CASE WHEN m.grouped THEN 1 ELSE 0 END,
        expires_at = CASE WHEN n.expires_at IS NULL THEN m.expires_at + (w.until - now()) ELSE m.expires_at END
    FROM json_to_recordset(CAST(:rows AS json)) AS w (id uuid, attempt integer, until timestamptz, reason text),
        notification AS n
    WHERE m.id = w.id AND m.attempts = w.attempt AND {still("sending")} AND n.id = m.notification_id
""")
_CANCEL = text(f"""
    UPDATE message AS m SET {cancelled("w.reason")}
    FROM json_to_recordset(CAST(:rows AS json)) AS w (id uuid, reason text)
    WHERE m.id = w.id AND {still("queued")}
""")

# The longest that a rule may count is a week, and a frequency a month.
_FORGET = text("""
    DELETE FROM advertised WHERE (phone, channel) IN (
        SELECT l.phone, l.channel FROM (
            SELECT phone, channel, at FROM advertised WHERE phone > :after ORDER BY phone LIMIT :most
        ) AS l WHERE coalesce(l.at[cardinality(l.at)], '-infinity') < now() - interval '31 days'
    ) AND coalesce(at[cardinality(at)], '-infinity') < now() - interval '31 days'
""")


def count_advertising(session: Session, claims: Sequence[Claim], gate: Gate) -> list[Claim]:
    """The claims, without what would be too much for its recipient: that waits, or is cancelled, as the rule says.

    Comes last in a claim's transaction.
    """
    passing = [claim for claim in claims if not claim.advertising]
    again = [fence.id for claim in claims if claim.advertising and claim.in_doubt for fence in claim.fences]
    if again:
        session.execute(_AGAIN, {"ids": again, "lasts": gate.lasts})
    for channel in Channel:
        theirs = [claim for claim in claims if claim.advertising and channel_of(claim.kind) is channel]
        passing += [claim for claim in theirs if claim.in_doubt]
        new = [claim for claim in theirs if not claim.in_doubt]
        rule = gate.counting(channel)
        if rule and new:
            limited = _frequencies(session, new, gate)
            new = _counted(session, _agreed(session, new, limited, channel, gate), rule, limited, channel, gate)
        passing += new
    gate.uses += warned_of(session, passing, gate.rules)
    gate.note(session)
    return passing


def _agreed(
    session: Session, claims: Sequence[Claim], limited: Frequencies, channel: Channel, gate: Gate
) -> list[Claim]:
    """The claims, without what would exceed a frequency that its recipient agreed to: that waits.

    The rows of such numbers are locked until the commit, so that claims count them one after the other.
    """
    if not limited:
        return list(claims)
    asked = {"channel": channel, "phones": sorted(limited)}
    session.execute(_BEGIN, asked)
    sent = {row.phone: row.at for row in session.execute(_LOCK, asked)}
    granted, untils = _with_room(claims, limited, sent, gate.now)
    turns = (_Turn(claim, AGREED, gate, granted, untils) for claim in claims)
    return [left for turn in turns if (left := _left(session, turn))] if untils else list(claims)


def _frequencies(session: Session, claims: Sequence[Claim], gate: Gate) -> Frequencies:
    """The frequencies that recipients agreed to, by number, where their consent names one that can be counted."""
    ids = {phone: gate.consents.get(fence.id) for claim in claims for fence, phone in _pairs(claim)}
    if not any(ids.values()):
        return {}
    rows = session.execute(_FREQUENCIES, {"ids": list(filter(None, ids.values()))})
    counted = {row.id: found for row in rows if (found := counted_frequency(row.frequency))}
    return {phone: counted[id_] for phone, id_ in ids.items() if id_ in counted}


def _with_room(
    claims: Sequence[Claim],
    limited: Frequencies,
    sent: Mapping[str, Sequence[datetime]],
    now: datetime,
) -> tuple[set[UUID], dict[str, datetime]]:
    """The ids of messages that may go; and for the numbers of the others, when the next one may."""
    granted: set[UUID] = set()
    untils: dict[str, datetime] = {}
    going = {phone: list(at) for phone, at in sent.items()}
    for fence, phone in (pair for claim in claims for pair in _pairs(claim)):
        most, span = limited.get(phone, (0, timedelta(0)))
        lately = going.get(phone, [])[-most:] if most else []
        if most and len(lately) == most and lately[0] + span > now:
            untils[phone] = lately[0] + span
            continue
        granted.add(fence.id)
        if most:
            going.setdefault(phone, []).append(now)
    return granted, untils


def _counted(
    session: Session, claims: Sequence[Claim], rule: Rule, limited: Frequencies, channel: Channel, gate: Gate
) -> list[Claim]:
    keep = max([rule.parameters["most"], *(most for most, _ in limited.values())])  # of the last to a number
    asked = {"channel": channel, "most": rule.parameters["most"], "window": timedelta(hours=rule.parameters["hours"])}
    granted: set[UUID] = set()
    for phones in _each_once(claims):
        if rule.mode is Mode.WARN:
            gate.uses[rule.name, Did.WARNED] += len(_untils(session, phones, asked))
        wanted = {"phones": list(phones), "ids": [fence.id for fence in phones.values()]}
        how = {"lasts": gate.lasts, "always": rule.mode is Mode.WARN, "keep": keep}
        granted |= {phones[phone].id for phone in session.scalars(_COUNT, asked | wanted | how)}
    full = [(phone, claim) for claim in claims for fence, phone in _pairs(claim) if fence.id not in granted]
    if not full:
        return list(claims)
    untils = _untils(session, {phone for phone, _ in full}, asked)
    return [left for claim in claims if (left := _left(session, _Turn(claim, rule, gate, granted, untils)))]


def _each_once(claims: Sequence[Claim]) -> Iterable[dict[str, Fence]]:
    """The messages by number; a number that comes more than once is in as many of these."""
    rounds: list[dict[str, Fence]] = []
    times: dict[str, int] = defaultdict(int)
    for claim in claims:
        for fence, phone in _pairs(claim):
            if len(rounds) == times[phone]:
                rounds.append({})
            rounds[times[phone]][phone] = fence
            times[phone] += 1
    return rounds


def _pairs(claim: Claim) -> list[tuple[Fence, str]]:
    return list(zip(claim.fences, claim.phones, strict=True))


def _untils(session: Session, phones: Collection[str], asked: dict[str, Any]) -> dict[str, datetime]:
    return {row.phone: row.until for row in session.execute(_FULL_UNTIL, asked | {"phones": list(phones)})}


@dataclass(frozen=True, slots=True)
class _Turn:
    """A claim of which some messages are too many for their recipients now."""

    claim: Claim
    rule: Rule
    gate: Gate
    granted: Collection[UUID]
    untils: Mapping[str, datetime]

    @property
    def going(self) -> list[tuple[Fence, str]]:
        return [pair for pair in _pairs(self.claim) if pair[0].id in self.granted]

    @property
    def staying(self) -> list[tuple[Fence, str]]:
        return [pair for pair in _pairs(self.claim) if pair[0].id not in self.granted]

    @property
    def too_few(self) -> bool:
        """Are those that may go fewer than eSMS takes in a request for many? Then all of it waits."""
        return len(self.claim.fences) > 1 and len(self.going) < self.gate.least

    @property
    def refused(self) -> str | None:
        """Why the ones that can't go now are cancelled; None: they wait."""
        if self.rule.mode is Mode.REFUSE:
            return f"too much advertising to this number: {self.rule.name}"
        if len(self.claim.fences) > 1 and not self.too_few and len(self.staying) < self.gate.least:
            return f"{TOO_FEW.format(least=self.gate.least)}: {self.rule.name}"
        return None


def _left(session: Session, turn: _Turn) -> Claim | None:
    """What is left of the claim to go out; the rest is written down as waiting or cancelled."""
    staying = turn.staying
    if staying and turn.too_few:
        give_back(session, [fence.id for fence, _ in turn.going])
        staying = _pairs(turn.claim)
    if staying:
        _turn_back(session, turn, staying)
    if len(staying) == len(turn.claim.fences):
        return None
    fences, phones = zip(*turn.going, strict=True)
    return turn.claim._replace(fences=fences, phones=phones) if staying else turn.claim


def _turn_back(session: Session, turn: _Turn, staying: Sequence[tuple[Fence, str]]) -> None:
    """Have these wait, or cancel them. Those of one request wait until the same moment, and make another request."""
    claim, gate = turn.claim, turn.gate
    until = max(turn.untils.get(phone, gate.now) for _, phone in staying)
    until = gate.opening(Purpose.ADVERTISING, channel_of(claim.kind), None, until)
    reason = turn.refused or waits_until(turn.rule, until, gate.zone)
    rows = [{"id": fence.id, "attempt": fence.attempt, "until": until, "reason": reason} for fence, _ in staying]
    session.execute(_WAIT, {"rows": as_rows(rows)})
    limits.refund(session, [fence.id for fence, _ in staying])
    if turn.refused:
        session.execute(_CANCEL, {"rows": as_rows(rows)})
    gate.uses[turn.rule.name, Did.CANCELLED if turn.refused else Did.HELD] += len(rows)
    gate.turned_back += len(rows)


def give_back(session: Session, ids: Collection[UUID]) -> None:
    """Count these no more, since they surely did not go out."""
    if ids:
        session.execute(_GIVE_BACK, {"ids": list(ids)})


def forget_advertised(session: Session, *, after: str) -> None:
    """Delete rows of numbers that got nothing for a month; some, beginning after this number."""
    session.execute(_FORGET, {"after": after, "most": LOOKED_AT})
