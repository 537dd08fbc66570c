"""Which application may do what by HTTP: `notifier.tokens.add("shop", source="shop", may=["enqueue", "read"])`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from worker import ledger
from worker.access import May, digest_of, new_token
from worker.checks import label
from worker.database import Database
from worker.errors import Invalid, NotFound, Unavailable
from worker.ledger.acts import note_act
from worker.ledger.tokens import TokenRow as TokenRow
from worker.settings import Settings

OVERLAP = timedelta(days=1)  # both tokens of a rotation are valid for so long


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token, to be shown once: only its digest is kept."""

    name: str
    token: str = field(repr=False)
    source: str | None
    may: Sequence[May]


class Tokens:
    """Make, list, rotate and revoke. Every method may raise Unavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def add(
        self,
        name: str,
        *,
        source: str | None,
        may: Collection[May | str],
        rate: float | None = None,
        until: datetime | None = None,
    ) -> NewToken:
        """Let an application in under this name.

        source: what it hands over is of this source, and it sees and moves nothing else; None: all, for an operator.
        may: names of May. rate: requests a second at most. until: valid before this; a naive one is in TIME_ZONE.
        Raises Invalid, also where the name has a valid token.
        """
        name, rights = label("name", name), _rights(may)
        of = None if source is None else label("source", source)
        token = new_token()
        with self._database.begin() as session:
            if ledger.current_token(session, name):
                raise Invalid("name", "has a token already", "rotate it, revoke it, or choose another name")
            ledger.add_token(
                session,
                name=name,
                source=of,
                may=rights,
                rate=_rate(rate),
                until=self._ahead(until),
                digest=digest_of(token),
            )
            note_act(session, "token.add", token=name, source=of, may=rights)
        return NewToken(name=name, token=token, source=of, may=rights)

    def list(self) -> Sequence[TokenRow]:
        """All, by name, those of before included; without their secrets."""
        with self._database.begin() as session:
            return ledger.tokens(session)

    def rotate(self, name: str, *, overlap: timedelta = OVERLAP) -> NewToken:
        """Another token that may do the same; the one before is valid for `overlap` longer. Raises NotFound."""
        token = new_token()
        with self._database.begin() as session:
            if (row := ledger.current_token(session, name)) is None:
                raise _unknown(name)
            id_ = ledger.add_token(
                session,
                name=name,
                source=row.source,
                may=row.may,
                rate=row.rate,
                until=row.until,
                digest=digest_of(token),
            )
            ledger.end_others(session, name, but=id_, overlap=overlap)
            note_act(session, "token.rotate", token=name)
        return NewToken(name=name, token=token, source=row.source, may=[May(each) for each in row.may])

    def revoke(self, name: str) -> int:
        """Let nobody in under this name any more, from now on; how many tokens that were. Raises NotFound."""
        with self._database.begin() as session:
            if revoked := ledger.revoke_tokens(session, name):
                note_act(session, "token.revoke", token=name)
                return revoked
        raise _unknown(name)

    def find(self, token: str) -> TokenRow | None:
        """The token with this secret, if it is valid now; that it was used is noted, where that can be."""
        with self._database.reading() as session:
            found = ledger.find_token(session, digest_of(token))
        if found is None:
            return None
        row, used_lately = found
        if not used_lately:
            with suppress(Unavailable), self._database.begin() as session:  # no room for that: let in all the same
                ledger.note_token_use(session, row.id)
        return row

    def note_refused(self, requests: int = 1) -> None:
        """Count requests that came with a token that is none."""
        with self._database.begin() as session:
            ledger.note_refused(session, requests)

    def refused(self, *, days: int = 7) -> int:
        """How many requests came with a token that is none, in the last days."""
        with self._database.begin() as session:
            return ledger.refused_tokens(session, days=days)

    def _ahead(self, until: datetime | None) -> datetime | None:
        if until is None:
            return None
        aware = self._settings.aware(until)
        if aware <= datetime.now(UTC):
            raise Invalid("until", "has passed", "give a date in the future, or leave it out")
        return aware


def _rights(may: Collection[May | str]) -> Sequence[May]:
    if isinstance(may, str) or not may:
        raise Invalid("may", "is no list of rights", f"choose from {', '.join(May)}")
    try:
        return [May(each) for each in may]
    except ValueError:
        raise Invalid("may", "there is no such right", f"choose from {', '.join(May)}") from None


def _rate(rate: float | None) -> float | None:
    if rate is not None and not 0 < rate < 1e6:
        raise Invalid("rate", "is out of range", "give requests a second, above 0, like 100")
    return rate


def _unknown(name: str) -> NotFound:
    return NotFound(f"no valid token is called {name!r}: `esms-worker tokens list` shows them")
