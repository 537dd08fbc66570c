"""An installation that wakes up from an older backup sends nothing until a person says so.

Two cheap looks: one row, and one key of Redis, for each task that sends and each tick. While nothing outside Postgres
can be asked, it goes on, and its own mark stays where it is: what was restored meanwhile is seen afterwards.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from worker.database import Database, ask_alone
from worker.ledger import people, restores, take_turn
from worker.ledger.restores import Guarded
from worker.lifecycle import PersonRequestKind
from worker.maintenance.forgetting import forget
from worker.maintenance.marks import Marks, Unreadable
from worker.pseudonym import PrivacyKey
from worker.telemetry import emit

TOMBSTONES_EVERY = timedelta(minutes=1)
BY_BACKUP = "a backup brought them back"


def may_send(database: Database, marks: Marks) -> bool:
    """False: this database is older than what was sent since, and nobody has said yet that it may go on."""
    with database.begin() as session:
        ask_alone(session)  # a code waits for it
        here = restores.guarded(session)
    return here is None or (here.restored_at is None and not _is_behind(database, here, marks))


def _is_behind(database: Database, here: Guarded, marks: Marks) -> bool:
    try:
        mark = marks.at(here.installation)
    except Unreadable:
        return False
    if mark is None or not here.is_behind(mark):
        return False
    with database.begin() as session:
        news = restores.hold_restored(session, mark)
    if news:
        emit("restore.seen", behind=round((mark - here.marked_at).total_seconds()))
    return True


def keep_marks(database: Database, marks: Marks, key: PrivacyKey | None) -> None:
    """A tick's: write down here and elsewhere that it is at work, and bring together who was forgotten."""
    with database.begin() as session:
        restores.begin_guard(session)
        here = restores.guarded(session)
    if here is None or not marks.kept:
        return
    with suppress(Unreadable):  # the limiter tells of it
        _keep(database, marks, here, key)


def _keep(database: Database, marks: Marks, here: Guarded, key: PrivacyKey | None) -> None:
    marks.at(here.installation)  # or our own mark would pass by what can't be asked
    forgotten = _forgotten(database, marks, here, key)
    if not may_send(database, marks):
        return
    with database.begin() as session:
        marked = restores.mark_on(session)
    if marked is not None:
        marks.note(here.installation, marked, forgotten)


def _forgotten(database: Database, marks: Marks, here: Guarded, key: PrivacyKey | None) -> set[str]:
    """All whom it or any mark knows; whom only the marks know are forgotten here, too."""
    if key is None:
        return set()
    with database.begin() as session:
        if not take_turn(session, "tombstones", every=TOMBSTONES_EVERY):
            return set()
        ours, theirs = people.tombstones(session), marks.forgotten(here.installation)
        lost = people.lost_tombstones(session, sorted(theirs - ours), key)
    for phone in lost:
        _forget_anew(database, phone, key)
    with database.begin() as session:
        people.bury(session, sorted(theirs - ours))
    return ours | theirs


def _forget_anew(database: Database, phone: str, key: PrivacyKey) -> None:
    with database.begin() as session:
        person = people.known_by(session, phone=phone)
        request = people.note_request(session, PersonRequestKind.FORGET, person.hashes(key), by=BY_BACKUP)
    forget(database, person, key, request)
