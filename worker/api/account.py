"""The account, straight from eSMS: what it holds, whom it may send as, what it sent. Needs the provider's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from types import TracebackType
from typing import Self, TypeVar

from worker import ledger, runtime
from worker.catalogue import Language, advice
from worker.database import Database
from worker.errors import Unavailable
from worker.esms import AccountTrouble, Balance, Brandname, Client, EsmsError, NotTaken, SentSms
from worker.lifecycle import Kind, Status
from worker.settings import ProviderSettings, Settings

T = TypeVar("T")


class Account(AbstractContextManager["Account"]):
    """One account at eSMS. Every method may raise Unavailable: one line that says why eSMS gave no answer, and what to
    do about that.
    """

    def __init__(self, provider: ProviderSettings) -> None:
        self._client = runtime.make_client(provider, in_flight=1)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With the keys and addresses of the environment. Raises SettingsError."""
        return cls(ProviderSettings.from_environ(environ))

    @property
    def transport(self) -> str:
        """What carries the workers' requests: requests or curl."""
        return str(self._client.transport)

    def balance(self) -> Balance:
        """What is left, in dong (manual II.1)."""
        return self._ask(Client.get_balance)

    def brandnames(self) -> Sequence[Brandname]:
        """The names that it may send from (manual II.6)."""
        return self._ask(Client.list_brandnames)

    def keep_brandnames(self, listed: Sequence[Brandname], settings: Settings) -> None:
        """Keep these as the brandnames that may be enqueued from now on."""
        named = [(each.name, each.type) for each in listed]
        with Database(settings.database_url, pool_size=1) as database, database.begin() as session:
            ledger.replace_brandnames(session, named, rest_url=self._client.rest_url, account=self._client.account)
            ledger.note_act(session, "brandname.keep", len(named))

    def sent_data(self, first: date, last: date) -> Sequence[SentSms]:
        """What it sent on these days in Viet Nam, both included (manual II.5)."""
        return self._ask(lambda client: client.get_sent_data(first, last))

    def balance_or_refusal(self) -> Balance | str:
        """What is left, in dong; or why eSMS does not answer with these keys, and what to do."""
        try:
            return self._client.get_balance()
        except EsmsError as error:
            return f"{error.reason}: {_remedy(error)}"

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _ask(self, question: Callable[[Client], T]) -> T:
        try:
            return question(self._client)
        except EsmsError as error:
            raise Unavailable("eSMS", error.reason, _remedy(error)) from None


def _remedy(error: EsmsError) -> str:
    """Of the line that was not there, the account's trouble by its code, or anything else."""
    if isinstance(error, NotTaken):
        return "eSMS is away, or ESMS_REST_URL or the network here is wrong; what is queued goes out once it answers"
    if isinstance(error, AccountTrouble) and error.code:
        told = advice(Language.EN, kind=Kind.SMS, status=Status.REJECTED, code=error.code, reason=None).remedy
        return told[:1].lower() + told[1:].rstrip(".")
    return "check ESMS_REST_URL, see docs/codes.md, or try again later"
