"""What follows from an opt-out: a confirmation that the person gets once. And opting out by an SMS to a short code."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b, md5
from hmac import compare_digest
from typing import TYPE_CHECKING

from worker import intake
from worker.bell import Bell
from worker.checks import phone_of
from worker.database import Database
from worker.errors import Invalid
from worker.intake import Enqueue, Sms
from worker.law.consents import Consent, ConsentAct
from worker.ledger import consents, opt_out
from worker.lifecycle import Lane, Purpose, SmsType
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SOURCE = "opt-out"  # of the confirmations
TEXT_MOST = 1000  # characters of an SMS that are kept as the words by which somebody opted out


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An SMS that somebody sent to a short code, as eSMS hands it over. sender: with 84 in front."""

    cpid: str
    sms_id: str
    sender: str
    content: str
    received: str
    sign: str


def signature(cpid: str, sms_id: str, content: str, received: str, key: str) -> str:
    """How eSMS signs an SMS to a short code: by MD5, which keeps out those without the key and does no more."""
    digest = md5(f"{cpid}{sms_id}{content}{received}{key}".encode(), usedforsecurity=False)
    return b64encode(digest.digest()).decode()


def confirming(session: Session, settings: Settings, source: str = "") -> Callable[[Sequence[str]], object]:
    """Enqueues the confirmation to those who opt out for the first time, in the transaction in which they do."""
    return lambda phones: _confirm(session, settings, phones, source or SOURCE) if settings.opt_out_text else None


def _confirm(session: Session, settings: Settings, phones: Sequence[str], source: str) -> None:
    now = datetime.now(UTC)
    local = now.astimezone(settings.time_zone)
    content = (settings.opt_out_text or "").replace("{time}", f"{local:%H:%M %d/%m/%Y}")
    items = [_confirmation(phone, content, now, source) for phone in phones]
    intake.accept_each(session, items, settings, now=now)


def _confirmation(phone: str, content: str, now: datetime, source: str) -> Enqueue:
    once = blake2b(f"{phone} {now.isoformat()}".encode(), digest_size=16).hexdigest()
    sms = Sms(to=phone, content=content, sms_type=SmsType.CUSTOMER_CARE)
    return Enqueue(request=sms, purpose=Purpose.SERVICE, source=source, reference=once)


class OptOuts:
    """Opting out by SMS. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings, bell: Bell) -> None:
        self._database, self._settings, self._bell = database, settings, bell

    def by_sms(self, sms: Incoming) -> bool:
        """Opt its sender out, where it begins with one of WORKER_OPT_OUT_WORDS; False: it says something else.

        It is withdrawn from the consent ledger too, with the words and eSMS's id as the proof. The same SMS again
        changes nothing. Raises Invalid where it is not signed by ESMS_MO_KEY.
        """
        key = self._settings.mo_key
        wanted = key and signature(sms.cpid, sms.sms_id, sms.content, sms.received, key)
        if not wanted or not compare_digest(wanted.encode(), sms.sign.encode()):
            raise Invalid("sign", "is not that of ESMS_MO_KEY", "set the key that eSMS gave for the short code")
        if not self._opts_out(sms.content):
            return False
        phone = phone_of("sender", sms.sender, for_sms=False)
        with self._database.begin() as session:
            if not opt_out.opted_out(session, [phone]):
                self._withdraw(session, sms, phone)
            opt_out.opt_out(session, [phone], "sms", told=confirming(session, self._settings))
        self._bell.ring({Lane.NORMAL})
        return True

    def _opts_out(self, content: str) -> bool:
        first, *_ = content.upper().split() or [""]
        return first in self._settings.opt_out_words or "".join(content.upper().split()) in self._settings.opt_out_words

    @staticmethod
    def _withdraw(session: Session, sms: Incoming, phone: str) -> None:
        """With its words; of an opt-out that comes otherwise the database writes down that it was one."""
        withdrawn = Consent(
            phone=phone,
            act=ConsentAct.WITHDRAWN,
            purpose=Purpose.ADVERTISING,
            at=datetime.now(UTC),
            wording=sms.content[:TEXT_MOST],
            how="sms",
            proof=f"SMSID {sms.sms_id}"[:200],
            source="sms",
        )
        consents.add_consents(session, [withdrawn])
