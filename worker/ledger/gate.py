"""The gate between claim and send: what may not go out, or not now, whoever handed it over and however it was queued.

It is asked within the claim, in the same statement: nothing is sent that it has not seen. Rules are rows, read every
few seconds; what is known of a number (opt-out, register, consent) is looked at for each message. What no rule is about
costs a comparison.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker.errors import Invalid
from worker.law.rules import WAITING, Channel, Check, Did, Mode, Rule, hours_of, opening, waits_until
from worker.ledger.clock import clock
from worker.ledger.law_rules import EVERY, rules_on
from worker.ledger.opt_out import IS_FOR_THE_WILLING
from worker.ledger.rows import as_rows
from worker.ledger.rule_uses import Uses, note_uses, of_reasons
from worker.lifecycle import CHANNEL, IS_ADVERTISING, PURPOSE, Purpose

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OUTSIDE = "the number is not in ESMS_ALLOW_ONLY"
FORGOTTEN = "the recipient asked to be forgotten"
SOON = 1.0  # seconds, in which a drain looks at all that may be due
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WITHDRAWN = "the recipient withdrew consent"
ADVERTISING, STAYS = 14, 15  # where they stand in a row of a claim: by name, each would cost seven times as much

_ALLOWED = "ALL (CAST(:allow_only AS text[]))"


def outside(phone: str) -> str:
    """SQL: is nothing to go to this number, or to the one that the call `n` may be put through to?"""
    return f"""(
        CAST(:allow_only AS text[]) IS NOT NULL
        AND ({phone} <> {_ALLOWED} OR coalesce(n.options ->> 'number_forward' <> {_ALLOWED}, false))
    )"""


def barred(phone: str) -> str:
    """SQL: why nothing of what `n` is for may go to this number, by the rules that refuse; NULL: it may."""
    return f"""CASE WHEN {IS_ADVERTISING} THEN coalesce(
                CASE WHEN n.hand_over
                    THEN 'eSMS would keep it until its date, where nobody counts it: ' || CAST(:keeps AS text) END,
                CASE WHEN CAST(:register AS text) IS NOT NULL
                    AND EXISTS (SELECT FROM do_not_call AS d WHERE d.phone = {phone})
                    THEN 'the number is in the Do-Not-Call register: ' || CAST(:register AS text) END,
                CASE WHEN n.kind = 'sms' AND n.content !~* CAST(:label_pattern AS text)
                    THEN 'its text begins without a label: ' || CAST(:label AS text) END,
                CASE WHEN n.kind = 'sms' AND n.content !~* CAST(:refusal_pattern AS text)
                    THEN 'its text ends without a way to refuse: ' || CAST(:refusal AS text) END,
                CASE WHEN CAST(n.options ->> 'sms_type' AS integer) <> ALL (CAST(:sender_types AS integer[]))
                    THEN 'it has no registered brandname: ' || CAST(:sender AS text) END
            ) END"""


def consent(phone: str) -> str:
    """SQL: the id of the consent that `n` to this number stands on, below 0 where it was withdrawn; NULL: none."""
    return f"""CASE WHEN {IS_FOR_THE_WILLING} THEN (
                SELECT CASE c.act WHEN 'given' THEN c.id ELSE -c.id END FROM consent AS c
                WHERE c.phone = {phone} AND c.purpose = {PURPOSE}
                  AND (c.channel IS NULL OR c.channel = {CHANNEL})
                ORDER BY c.at DESC, c.id DESC LIMIT 1
            ) END"""


def forbidden(row: str) -> str:
    """SQL: of what was looked up (`consent`, `barred`, `advertising`), why it may not go out; NULL: it may."""
    return f"""CASE WHEN {row}.consent < 0 THEN '{WITHDRAWN}'
                WHEN {row}.advertising AND {row}.consent IS NULL AND CAST(:consent AS text) IS NOT NULL
                THEN 'the recipient gave no consent: ' || CAST(:consent AS text) ELSE {row}.barred END"""


# Of the hours that are closed now, the last to open.
_CLOSED = f"""
    FROM json_to_recordset(CAST(:closed AS json)) AS c (
        purpose text, channel text, campaign text, until timestamptz, told text
    )
    WHERE c.purpose = {PURPOSE} AND (c.campaign IS NULL OR c.campaign = n.campaign)
      AND (c.channel IS NULL OR c.channel = {CHANNEL})
    ORDER BY c.until DESC LIMIT 1
"""


def closed(column: str) -> str:
    """SQL: of what keeps `n` waiting just now, `until` or what is `told` of it; NULL: nothing does."""
    return f"CASE WHEN {PURPOSE} = ANY (CAST(:closed_for AS text[])) THEN (SELECT c.{column} {_CLOSED}) END"


@dataclass
class Gate:
    """The gate of one process, for one thread. lasts: how long after its claim a message may still be sent."""

    allow_only: Collection[str] | None = None  # E.164; None: anybody
    zone: tzinfo = UTC
    lasts: timedelta = timedelta(0)
    least: int = 1  # recipients that eSMS takes in one advertising request
    turned_back: int = 0  # messages, by all its claims
    consents: dict[UUID, int] = field(default_factory=dict)  # that advertising stands on, of what was claimed just now
    uses: Uses = field(default_factory=Counter)  # what the rules did since that was last written down
    rules: Sequence[Rule] = ()
    _read_at: float = field(default=float("-inf"))
    _clock: datetime = LONG_AGO

    def look(self, session: Session) -> None:
        """Read the rules again if that is long ago; what a claim that came to nothing had noted is forgotten."""
        self.uses, self.consents = Counter(), {}
        if time.monotonic() - self._read_at >= EVERY:
            now, read_at = clock(session), time.monotonic()
            self.rules = rules_on(session, now.astimezone(self.zone).date())
            self._clock, self._read_at = now, read_at  # only now: what could not be read is read by the next claim

    @property
    def is_fresh(self) -> bool:
        """Were the rules read of late? A little longer than that, so that no code waits until they are read again."""
        return time.monotonic() - self._read_at < EVERY + SOON

    def passed(self, rows: Sequence[Any]) -> list[Any]:
        """The claimed rows that go out; what rules did to the others is kept for `note`."""
        going = [row for row in rows if not row[STAYS]]
        self.turned_back += len(rows) - len(going)
        if len(going) < len(rows):
            stays = [row for row in rows if row.stays]
            self.uses += of_reasons(((row.because, _DID[row.unwilling]) for row in stays), self.rules)
        self.consents |= {row.id: row.consent for row in going if row[ADVERTISING] and row.consent}
        if (consent := next((rule for rule in self.rules if rule.check is Check.CONSENT), None)) and going:
            self.uses[consent.name, Did.WARNED] += sum(
                row[ADVERTISING] and row.consent is None and not row.in_doubt for row in going
            )
        return going

    def note(self, session: Session) -> None:
        """Write down what the rules did, in the claim's transaction."""
        uses, self.uses = +self.uses, Counter()
        if uses:
            note_uses(session, self.now.astimezone(self.zone).date(), uses)

    @property
    def now(self) -> datetime:
        """The present moment by Postgres's clock."""
        return self._clock + timedelta(seconds=time.monotonic() - self._read_at)

    def asked(self) -> dict[str, Any]:
        """What a claim's statement asks of it."""
        closed = list(self._closed(self.now)) if self.rules else []
        refusing = {rule.check: rule for rule in self.rules if rule.mode is Mode.REFUSE}
        keeps = next((rule.name for rule in self.rules if _keeps_advertising(rule)), None)
        consent = refusing.get(Check.CONSENT)
        label, refusal, sender = (refusing.get(check) for check in (Check.LABEL, Check.REFUSAL, Check.SENDER))
        return {
            "allow_only": None if self.allow_only is None else sorted(self.allow_only),
            "keeps": keeps,
            "closed": as_rows(closed),
            "closed_for": sorted({row["purpose"] for row in closed}),
            "register": (rule := refusing.get(Check.REGISTER)) and rule.name,
            "consent": consent and consent.name,
            "label": label and label.name,
            "label_pattern": label and label.parameters["pattern"],
            "refusal": refusal and refusal.name,
            "refusal_pattern": refusal and refusal.parameters["pattern"],
            "sender": sender and sender.name,
            "sender_types": sender and sender.parameters["sms_types"],
        }

    def counting(self, channel: Channel) -> Rule | None:
        """The rule by which advertising on this channel is counted; None: there is none."""
        counts = (rule for rule in self.rules if rule.check is Check.COUNT and rule.channel in (None, channel))
        return next(counts, None)

    def opening(self, purpose: Purpose, channel: Channel, campaign: str | None, at: datetime) -> datetime:
        """The moment from which such a message may go out, `at` or later."""
        hours = [rule for rule in hours_of(self.rules) if rule.is_about(purpose, channel, campaign)]
        return found[0] if (found := self._opening(hours, at)) else at

    def _closed(self, now: datetime) -> Iterator[dict[str, Any]]:
        """Each of the hours that is closed, for each purpose."""
        for rule in hours_of(self.rules):
            if found := self._opening([rule], now):
                told = waits_until(rule, found[0], self.zone)
                shared = {"channel": rule.channel, "campaign": rule.campaign, "until": found[0], "told": told}
                yield from ({"purpose": purpose} | shared for purpose in rule.purposes)

    def _opening(self, hours: Sequence[Rule], at: datetime) -> tuple[datetime, Rule] | None:
        try:
            return opening(hours, at, self.zone, lasts=self.lasts)
        except Invalid:  # they are never open together for so long: it waits, and no claim dies of it
            return at + timedelta(days=1), hours[0]


_DID = {True: Did.CANCELLED, False: Did.HELD}


def _keeps_advertising(rule: Rule) -> bool:
    return rule.check in WAITING and rule.mode is not Mode.WARN and Purpose.ADVERTISING in rule.purposes
