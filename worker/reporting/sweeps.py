"""What people asked to have done with many messages, and how far it is: sweeps, and reruns of what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text

from worker.lifecycle import Status
from worker.reporting.choice import Choice
from worker.reporting.finding import Search

if TYPE_CHECKING:
    from worker.database import Reader

_RERUNS = """
    SELECT id, at, asked_by, 'retry' AS kind, CAST(NULL AS jsonb) AS search, chosen,
        CAST(NULL AS timestamptz) AS send_date, messages AS about, state, moved AS found, moved,
        CAST('{{}}' AS jsonb) AS others, 0 AS expiring, code, decided_at AS ended_at
    FROM rerun WHERE {which} ORDER BY id DESC LIMIT :most
"""
_SHOWN = """
    SELECT * FROM (
        SELECT id, at, asked_by, kind, search, CAST(NULL AS jsonb) AS chosen, send_date, about, state, found, moved,
            others, expiring, CAST(NULL AS text) AS code, ended_at
        FROM sweep WHERE {which} ORDER BY id DESC LIMIT :most
    ) AS a UNION ALL SELECT * FROM ({reruns}) AS r ORDER BY id DESC LIMIT :most
"""


def _where(which: str) -> TextClause:
    return text(_SHOWN.format(which=which, reruns=_RERUNS.format(which=which)))


_RERUN = text(_RERUNS.format(which="id = :id"))
_ONE, _LAST = _where("id = :id"), _where("true")
# By the indexes of those under way and of those that stopped: of reruns that are over there may be any number.
_OPEN = text(
    _RERUNS.format(
        which="""chosen ->> 'campaign' = :campaign
        AND (state IN ('trying', 'going') OR state = 'stopped' AND decided_at > now() - :shown)"""
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepShown:
    """One of them. Times in UTC."""

    id: UUID
    at: datetime
    asked_by: str
    kind: str
    """cancel, move, retry."""
    search: Search = field(repr=False)
    send_date: datetime | None
    about: int | None
    """Messages that there were to go through, as the sums had it; None: they could not tell."""
    state: str
    """going, done, stopped (by a person; of a retry: since the first hundred failed alike), trying (the first hundred
    of a retry are on their way)."""
    found: int
    moved: int
    others: Mapping[Status, int]
    expiring: int
    code: str | None
    """With which the first hundred of a retry failed; '': none of eSMS's."""
    ended_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Nothing more comes of it."""
        return self.state in {"done", "stopped"}


def sweep(session: Reader, id_: UUID) -> SweepShown | None:
    """None: there is none."""
    row = session.execute(_ONE, {"id": id_, "most": 1}).mappings().one_or_none()
    return None if row is None else _shown(row)


def rerun(session: Reader, id_: UUID) -> SweepShown | None:
    """None: there is none, or it is another source's."""
    row = session.execute(_RERUN, {"id": id_, "most": 1}).mappings().one_or_none()
    return None if row is None else _shown(row)


def sweeps(session: Reader, most: int) -> Sequence[SweepShown]:
    """The last ones, the newest first."""
    return [_shown(row) for row in session.execute(_LAST, {"most": most}).mappings()]


def open_reruns(session: Reader, campaign: str, *, shown: timedelta, most: int) -> Sequence[SweepShown]:
    """A campaign's reruns that are under way or stopped within `shown`, the newest first."""
    asked = {"campaign": campaign, "shown": shown, "most": most}
    return [_shown(row) for row in session.execute(_OPEN, asked).mappings()]


def _shown(row: RowMapping) -> SweepShown:
    facts: dict[str, Any] = dict(row)
    chosen, kept = facts.pop("chosen"), facts.pop("search")
    search = _of_rerun(chosen) if kept is None else Search.of_json(kept)
    others = {Status(status): int(count) for status, count in facts.pop("others").items()}
    return SweepShown(**facts, search=search, others=others)


def _of_rerun(chosen: Mapping[str, Any]) -> Search:
    """As near as a search comes to it."""
    several = {"status": chosen["statuses"], "code": chosen.get("codes")}
    single = {name: chosen.get(name) for name in ("campaign", "source", "network", "lane", "purpose")}
    words = several | {name: [value] for name, value in single.items() if value}
    ids = {name: [UUID(each) for each in chosen.get(name) or ()] for name in ("notifications", "messages")}
    phones = [chosen["phone"]] if chosen.get("phone") else ()
    return Search(choice=Choice(words={name: value for name, value in words.items() if value}), phones=phones, **ids)
