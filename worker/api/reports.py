"""What was sent and what became of it, for all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack
from uuid import UUID

from worker import reporting
from worker.api.naming import id_of
from worker.api.report_files import FileTable
from worker.catalogue.text import Language
from worker.checks import phone_of
from worker.database import Database
from worker.pseudonym import known_as
from worker.reporting import By, Choice, Costs, GroupBy, HeldBack, Latency, Page, ReportLine, RuleUsed, Sums, Which
from worker.settings import Settings

if TYPE_CHECKING:  # imported when first asked for: others need not wait for what reads reminders and codes
    from worker.api.why import Stories
    from worker.reporting.lists import Failure, ListPage, MessageReported
    from worker.reporting.now import BalanceShown, Now
    from worker.reporting.page import Figures
    from worker.reporting.reminded import RemindersReported

T = TypeVar("T")

DAYS_OF_A_PAGE = timedelta(days=29)  # and the last one
FIRST_PAGE, PAGE = 200, 2000  # messages of a list in memory at once; the first of them soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Lines by status, campaign or day; where none match: when others were enqueued last before, and next after."""

    lines: dict[By, list[ReportLine]]
    before: datetime | None = None
    after: datetime | None = None
    is_used: bool = True  # False: the ledger holds nothing at all


class Reports:
    """What was sent and what came of it. Every method may raise Unavailable.

    Sums are by the day of TIME_ZONE on which messages were to go out, and a moment old (`counted_until`).
    """

    def __init__(self, database: Database, settings: Settings, source: str | None = None) -> None:
        """source: the asker's only one, which need have nothing yet."""
        self._database, self._settings, self._source = database, settings, source

    def campaign_names(self, start: str = "", *, most: int = 100) -> Sequence[str]:
        """Their names, those that begin so; by the index, however many messages each has."""
        with self._database.reading() as session:
            return reporting.campaigns(session, start, most=most)

    def summary(
        self,
        by: Sequence[By] = ("status", "campaign", "day"),
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        campaign: str | None = None,
        source: str | None = None,
    ) -> Report:
        """How many messages are in which status; days are those of TIME_ZONE, by when they were enqueued.

        since is in, until is not. Raises NotFound for a campaign or source that nothing has, with the nearest names.
        """
        zone = self._settings.time_zone.key
        with self._database.reading() as session:
            lines = reporting.report(
                session, by, since=since, until=until, campaign=campaign, source=source, time_zone=zone
            )
            if any(lines.values()):
                return Report(lines=lines)
            if not reporting.is_used(session):
                return Report(lines=lines, is_used=False)
            before, after = reporting.around(session, since=since, until=until, campaign=campaign, source=source)
        return Report(lines=lines, before=before, after=after)

    def now(self) -> Now:
        """How it goes: what waits and how long, what moves, what is in the way; a few milliseconds of Postgres."""
        from worker.reporting.now import now

        with self._database.reading() as session:
            found = now(session, self._settings.today())
        if found.beats or found.starting or not found.takes_writes:
            return found
        return replace(found, has_room=self._database.has_room())  # a full disk keeps beat from being heard as well

    def balance(self) -> BalanceShown | None:
        """What the account held when the worker last asked, and how long that lasts; None: it never asked."""
        from worker.reporting.now import balance

        with self._database.reading() as session:
            return balance(session, self._settings.today())

    # Sums...

    def daily(self, by: Sequence[GroupBy] = ("day",), **which: Unpack[Which]) -> Sequence[Sums]:
        """A line a day, or whatever they are to be grouped by. Raises Invalid, and NotFound as `summary` does."""
        choice = Choice.of(which)
        with self._database.reading() as session:
            if not (lines := reporting.sums(session, choice, by)):
                choice.refuse_unknown(session, own=self._source)
            return lines

    def campaigns(self, by: Sequence[GroupBy] = (), **which: Unpack[Which]) -> Sequence[Sums]:
        """The same by campaign, and then by what is named besides."""
        return self.daily(("campaign", *by), **which)

    def networks(self, by: Sequence[GroupBy] = (), **which: Unpack[Which]) -> Sequence[Sums]:
        """The same by the network that eSMS named; it names one when it knows what became of a message."""
        return self.daily(("network", *by), **which)

    def rules(self, **which: Unpack[Which]) -> Sequence[RuleUsed]:
        """What each sending rule did on each day, the last first. Only `since` and `until` choose. Raises Invalid."""
        choice = Choice.of(which)
        with self._database.reading() as session:
            return reporting.rules_used(session, choice)

    def held_back(self) -> Sequence[HeldBack]:
        """What sending rules have made wait since yesterday, and until when by the hours: a few rows of Postgres."""
        from worker.ledger.law_rules import rules_on  # it brings the ledger, which who asks a report need not load

        now = datetime.now(self._settings.time_zone)
        with self._database.reading() as session:
            return reporting.held_back(session, rules_on(session, now.date()), now)

    def latency(self, by: Sequence[GroupBy] = ("lane", "network"), **which: Unpack[Which]) -> Sequence[Latency]:
        """How long it took until eSMS had a message, and from there until it was delivered. Raises as `daily` does."""
        choice = Choice.of(which)
        with self._database.reading() as session:
            if not (lines := reporting.latency(session, choice, by, self._settings.goals)):
                choice.refuse_unknown(session, own=self._source)
            return lines

    def costs(self, by: Sequence[GroupBy] = ("month",), **which: Unpack[Which]) -> Sequence[Costs]:
        """What it cost, as eSMS told or by the price list; what of it failed, and what long texts and accents cost.

        Raises as `daily` does.
        """
        choice = Choice.of(which)
        with self._database.reading() as session:
            if not (lines := reporting.costs(session, choice, by)):
                choice.refuse_unknown(session, own=self._source)
            return lines

    def reminders(self, **which: Unpack[Which]) -> Sequence[RemindersReported]:
        """A line for each rule and event that was to remind somebody; what it skipped, and why, is in it.

        which: since, until and campaign (`reminder:NAME` or `event:ID`) alone. Raises as `daily` does.
        """
        from worker.reporting.reminded import reminded

        choice = Choice.of(which)
        with self._database.reading() as session:
            if not (lines := reminded(session, choice, self._settings.time_zone)):
                choice.refuse_unknown(session, own=self._source)
            return lines

    def page(self, *, language: Language = Language.EN, **which: Unpack[Which]) -> str:
        """All of it as one HTML page to keep, to print or to send: it needs nothing else, and runs nothing.

        which: by default the last 30 days; status and code are none of it. It names campaigns, and no recipient.
        Raises as `daily` does.
        """
        from worker.reporting.page import rendered

        return rendered(self._told(which), language, self._settings.time_zone, self._settings.time_zone.key)

    def page_body(self, *, language: Language = Language.EN, **which: Unpack[Which]) -> str:
        """What stands on `page`, as escaped HTML, for a page with a frame of its own and `figures.css`."""
        from worker.reporting.page import body_of

        return body_of(self._told(which), language, self._settings.time_zone, self._settings.time_zone.key)

    def _told(self, which: Which) -> Figures:
        from worker.reporting.page import figures

        zone, choice = self._settings.time_zone, Choice.of(which)
        until = choice.until or datetime.now(zone).date()
        span = replace(choice, since=choice.since or until - DAYS_OF_A_PAGE, until=until)
        with self._database.reading() as session:
            told = figures(session, span, self._settings.goals)
            if not told.days:
                choice.refuse_unknown(session, own=self._source)
        return told

    def counted_until(self) -> datetime | None:
        """What happened before then is in the sums: mostly seconds ago; None: beat has not added anything up yet."""
        with self._database.reading() as session:
            return reporting.counted_until(session)

    # Messages...

    def messages(self, **which: Unpack[Which]) -> Iterator[MessageReported]:
        """Each recipient's message, however many: of one campaign in the order of enqueueing, else by date.

        A page of them is in memory, and no transaction stays open meanwhile. Raises as `daily` does.
        """
        from worker.reporting.lists import messages

        return self._each(messages, Choice.of(which))

    def failures(self, **which: Unpack[Which]) -> Iterator[Failure]:
        """Whom it did not reach, why, and what to do; otherwise as `messages`."""
        from worker.reporting.lists import failures

        return self._each(failures, Choice.of(which))

    def file_of(self, kind: Literal["messages", "failures"], **which: Unpack[Which]) -> FileTable:
        """The same lists as rows of a file, several times faster. Raises as `daily` does."""
        from worker.reporting import exports

        return FileTable.of_cells(exports.COLUMNS[kind], self._each(getattr(exports, kind), Choice.of(which)))

    def messages_page(
        self, after: str | None = None, *, most: int = 100, **which: Unpack[Which]
    ) -> ListPage[MessageReported]:
        """Some of `messages`; after: `next` of the page before. Raises Invalid, too, for one that is none."""
        from worker.reporting.lists import messages

        return self._page(messages, Choice.of(which), after, most)

    def failures_page(self, after: str | None = None, *, most: int = 100, **which: Unpack[Which]) -> ListPage[Failure]:
        """Some of `failures`."""
        from worker.reporting.lists import failures

        return self._page(failures, Choice.of(which), after, most)

    def _each(self, page: Callable[..., ListPage[T]], choice: Choice) -> Iterator[T]:
        after, more = None, True
        while more:
            found = self._page(page, choice, after, PAGE if after else FIRST_PAGE)
            yield from found.rows
            after, more = found.next, found.next is not None

    def _page(self, page: Callable[..., ListPage[T]], choice: Choice, after: str | None, most: int) -> ListPage[T]:
        with self._database.reading() as session:
            found = page(session, choice, self._settings.time_zone, after=after, most=most)
            if not found.rows and after is None:
                choice.refuse_unknown(session, own=self._source)
            return found

    def messages_to(
        self,
        to: str,
        *,
        source: str | None = None,
        since: datetime | None = None,
        after: str | None = None,
        most: int = 100,
    ) -> Page:
        """The messages to a number in any spelling, the newest first; after: `next` of the page before.

        since: enqueued from then on; naive: in TIME_ZONE. Raises Invalid.
        """
        phone, moment = phone_of("to", to, for_sms=False), self._aware(since)
        with self._database.reading() as session:
            numbers = known_as(phone, self._settings.privacy_key)
            return reporting.messages_to(session, numbers, source=source, since=moment, after=after, most=most)

    # Why...

    def why(
        self, notification_id: UUID | str, *, message_id: UUID | None = None, language: Language = Language.EN
    ) -> Stories:
        """The whole story of a notification's messages, or of one of them, in this language. Raises NotFound.

        Of many recipients twenty are told, those first that it did not reach; `others` says how many are left.
        """
        from worker.api.why import why

        with self._database.begin() as session:
            return why(session, id_of(notification_id), message_id, language, self._settings.time_zone)

    def why_to(self, number: str, *, since: datetime | None = None, language: Language = Language.EN) -> Stories:
        """The same of the last twenty messages to a number, the newest first, and whose number it is.

        since: handed over then or later; naive: in TIME_ZONE; None: in the last 30 days. Raises Invalid for what is no
        phone number.
        """
        from worker.api.why import why_to

        with self._database.begin() as session:
            zone, key = self._settings.time_zone, self._settings.privacy_key
            return why_to(session, number, self._aware(since), language, zone, key)

    def _aware(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else self._settings.aware(moment)
