"""One step of sending again: some of what was chosen, in one transaction, each in its own row or in another's place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from worker import ledger
from worker.again.choice import Corrected
from worker.again.compose import AS_IT_WAS, Gathered, compose, gather
from worker.again.texts import texts_by
from worker.database import unless_refused
from worker.errors import Invalid
from worker.intake import InPlaceOf, accept_in_place
from worker.ledger import NOWHERE, Chosen, Left, Place
from worker.lifecycle import Kind, Lane
from worker.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(slots=True)
class Step:
    """What it came to. sent: messages that go out now; queued: they, or the first hundred of them; lanes: theirs;
    place: where the next step begins, None: that was all.
    """

    sent: int = 0
    queued: list[UUID] = field(default_factory=list)
    lanes: set[Lane] = field(default_factory=set)
    left: Counter[Left] = field(default_factory=Counter)
    place: Place | None = None
    error: Invalid | None = None  # of what can't be sent corrected like this, the first

    @property
    def moved(self) -> int:
        """Messages; who opted out is queued and cancelled at once."""
        return self.sent - self.left[Left.OPTED_OUT]

    def __add__(self, later: Step) -> Step:
        """Both, the one after the other."""
        sent, queued, lanes = self.sent + later.sent, self.queued + later.queued, self.lanes | later.lanes
        return Step(sent, queued, lanes, self.left + later.left, later.place, self.error or later.error)

    def queue(self, ids: Collection[UUID], lanes: Iterable[str]) -> None:
        """These go out now, too."""
        self.sent += len(ids)
        self.queued += ids
        self.lanes |= set(map(Lane, lanes))


def step(
    session: Session,
    chosen: Chosen,
    corrected: Corrected | None,
    settings: Settings,
    *,
    by: str,
    most: int,
    after: Place = NOWHERE,
) -> Step:
    """Take the next ones. by: who asks."""
    if corrected is None and (done := _as_they_are(session, chosen, settings, by, most, after)) is not None:
        return done
    rows = _complete(session, chosen, ledger.choose(session, chosen, after=after, most=most), most, settings)
    done = Step(place=Place(rows[-1].notification_id, rows[-1].id) if len(rows) >= most else None)
    done.left.update(Left(row.left_since) for row in rows if row.left_since)
    fit = [row for row in rows if not row.left_since]
    same = [] if corrected else _enough(fit, settings.advertising_least)
    _in_place(session, same, settings, by, done)
    ids = {row.id for row in same}
    others = [row for row in fit if row.id not in ids]
    _in_anothers_place(session, others, corrected or AS_IT_WAS, settings, by, done)
    return done


def _as_they_are(session: Session, chosen: Chosen, settings: Settings, by: str, most: int, after: Place) -> Step | None:
    """What most reruns are; None where there is advertising among them, or a text went while its message was locked."""
    sent = unless_refused(
        session, lambda: ledger.resend(session, chosen, settings.horizons, by=by, after=after, most=most)
    )
    if sent is None:
        return None
    left = Counter(sent.left) + Counter({Left.OPTED_OUT: sent.withheld})
    lanes, place = set(map(Lane, sent.lanes)), sent.place if sent.found >= most else None
    return Step(sent.queued, list(sent.trial), lanes, left, place)


def _complete(session: Session, chosen: Chosen, rows: Sequence[Any], most: int, settings: Settings) -> Sequence[Any]:
    """With the rest of the last advertisement, where that is fewer than eSMS takes."""
    if len(rows) < most or not rows[-1].grouped:
        return rows
    last, least = rows[-1], settings.advertising_least
    of_it = replace(chosen, notifications=[last.notification_id])
    more = ledger.choose(session, of_it, after=Place(last.notification_id, last.id), most=least)
    return rows if len(more) == least else [*rows, *more]


def _enough(rows: Sequence[Any], least: int) -> list[Any]:
    """What eSMS takes as it is: advertising only where enough of one notification failed."""
    of_one = Counter(row.notification_id for row in rows)
    return [row for row in rows if not row.grouped or of_one[row.notification_id] >= least]


def _in_place(session: Session, rows: Sequence[Any], settings: Settings, by: str, done: Step) -> None:
    if rows:
        queued, withheld = ledger.send_again(session, [row.id for row in rows], settings.horizons, by=by)
        done.queue(queued, {row.lane for row in rows})
        done.left[Left.OPTED_OUT] += withheld


def _in_anothers_place(
    session: Session, rows: Sequence[Any], corrected: Corrected, settings: Settings, by: str, done: Step
) -> None:
    if not rows:
        return
    requests = ledger.requests_of(session, [row.notification_id for row in rows])
    texts, rows = _by_template(session, rows, requests, corrected, settings, done)
    groups = gather(rows, requests, corrected, texts)
    done.left[Left.TOO_FEW] += len(rows) - sum(len(group.places) for group in groups)  # the same number twice
    fit = [group for group in groups if _is_enough(group, settings, done)]
    made = zip(compose(fit, corrected), fit, strict=True)
    items = [InPlaceOf(enqueue, of.places, of.request.follow_up) for enqueue, of in made if enqueue is not None]
    done.left[Left.UNFIT] += sum(len(group.places) for group in fit) - sum(len(each.places) for each in items)
    put = accept_in_place(session, items, settings, by=by)
    for error, item in zip(put.errors, items, strict=True):
        if error:
            done.left[Left.UNFIT] += len(item.places)
            done.error = done.error or error
    done.left[Left.OPTED_OUT] += put.opted_out
    done.queue([UUID(id_) for row in put.stored for id_, _ in row.messages], {row.terms.lane for row in put.stored})


def _by_template(
    session: Session,
    rows: Sequence[Any],
    requests: Mapping[UUID, Any],
    corrected: Corrected,
    settings: Settings,
    done: Step,
) -> tuple[Mapping[UUID, str], Sequence[Any]]:
    """What SMS say by the corrected template, and whom there is anything to say to."""
    if corrected.template is None:
        return {}, rows
    sms = [row for row in rows if requests[row.notification_id].kind == Kind.SMS]
    try:
        found = texts_by(session, corrected.template, sms, settings) if sms else {}
    except Invalid as error:
        found = dict.fromkeys((row.id for row in sms), error)
    unfit = {id_: each for id_, each in found.items() if isinstance(each, Invalid)}
    done.error = done.error or next(iter(unfit.values()), None)
    done.left[Left.UNFIT] += len(unfit)
    texts = {id_: each for id_, each in found.items() if isinstance(each, str)}
    return texts, [row for row in rows if row.id not in unfit]


def _is_enough(group: Gathered, settings: Settings, done: Step) -> bool:
    if not group.advertising or len(group.places) >= settings.advertising_least:
        return True
    done.left[Left.TOO_FEW] += len(group.places)
    return False
