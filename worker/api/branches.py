"""What a Notifier has besides: `notifier.contacts`, `.reminders`, `.prices` and so on.

Imported when first used: who asks how something stands need not wait for what enqueues, decides and reminds.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from worker.bell import Bell
from worker.database import Database
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.api.acts import Acts
    from worker.api.again import Again
    from worker.api.callbacks import Callbacks
    from worker.api.consents import Consents
    from worker.api.contacts import Contacts
    from worker.api.decisions import Decisions
    from worker.api.events import Feed
    from worker.api.finding import Finding
    from worker.api.held import Held
    from worker.api.intake import Intake
    from worker.api.law import Law
    from worker.api.notifier import Notifier
    from worker.api.opt_outs import OptOuts
    from worker.api.pauses import Pauses
    from worker.api.people import Persons
    from worker.api.prices import Prices
    from worker.api.refused import Refused
    from worker.api.reminders import Reminders
    from worker.api.sweeps import Sweeps
    from worker.api.templates import Templates
    from worker.api.tokens import Tokens
    from worker.api.uploads import Uploads
    from worker.api.users import Users
    from worker.api.webhooks import Webhooks


class Branches:
    """Each on the Notifier's own connections."""

    settings: Settings
    source: str | None
    _database: Database
    _bell: Bell

    @cached_property
    def _intake(self) -> Intake:
        from worker.api.intake import Intake

        return Intake(self._database, self.settings, self._bell, self.source)

    @cached_property
    def _decisions(self) -> Decisions:
        from worker.api.decisions import Decisions

        return Decisions(self._database, self.settings, self._bell, self.source)

    @cached_property
    def finding(self) -> Finding:
        """Messages, by whatever somebody knows of them."""
        from worker.api.finding import Finding

        return Finding(self._database, self.settings)

    @cached_property
    def sweeps(self) -> Sweeps:
        """All that a search finds, cancelled or moved."""
        from worker.api.sweeps import Sweeps

        return Sweeps(self._database, self.settings, self._bell)

    @cached_property
    def acts(self) -> Acts:
        """What people did, by the page, the command line and HTTP."""
        from worker.api.acts import Acts

        return Acts(self._database, self.settings)

    @cached_property
    def again(self) -> Again:
        """What failed, sent again: chosen, looked at before, corrected."""
        from worker.api.again import Again

        return Again(self._database, self.settings, self._bell, self.source)

    @cached_property
    def refused(self) -> Refused:
        """Requests that came by task or SQL and could not be taken."""
        from worker.api.refused import Refused

        return Refused(self._database, self.settings, self._bell)

    @cached_property
    def held(self) -> Held:
        """What a person must look at."""
        from worker.api.held import Held

        return Held(self._database, self.settings, self._bell)

    @cached_property
    def pauses(self) -> Pauses:
        """What is held back, by a person or by eSMS's answers."""
        from worker.api.pauses import Pauses

        return Pauses(self._database, self._bell, self.source)

    @cached_property
    def contacts(self) -> Contacts:
        """People to be reminded."""
        from worker.api.contacts import Contacts

        return Contacts(self._database, self.settings, source=self.source or "")

    @cached_property
    def reminders(self) -> Reminders:
        """Rules and events, and what comes of them."""
        from worker.api.reminders import Reminders

        return Reminders(self._database, self.settings)

    @cached_property
    def templates(self) -> Templates:
        """Named texts with {variables}."""
        from worker.api.templates import Templates

        return Templates(self._database, self.settings)

    @cached_property
    def callbacks(self) -> Callbacks:
        """What eSMS calls for."""
        from worker.api.callbacks import Callbacks

        return Callbacks(self._database, self._bell)

    @cached_property
    def tokens(self) -> Tokens:
        """Which application may do what by HTTP."""
        from worker.api.tokens import Tokens

        return Tokens(self._database, self.settings)

    @cached_property
    def users(self) -> Users:
        """Who may sign in on the page."""
        from worker.api.users import Users

        return Users(self._database)

    @cached_property
    def prices(self) -> Prices:
        """What an SMS or a call costs, where eSMS does not tell."""
        from worker.api.prices import Prices

        return Prices(self._database, self.settings)

    @cached_property
    def consents(self) -> Consents:
        """Who agreed to what, and took it back."""
        from worker.api.consents import Consents

        return Consents(self._database, self.settings, source=self.source or "")

    @cached_property
    def opt_outs(self) -> OptOuts:
        """Opting out by an SMS to a short code."""
        from worker.api.opt_outs import OptOuts

        return OptOuts(self._database, self.settings, self._bell)

    @cached_property
    def persons(self) -> Persons:
        """Who asks to be forgotten."""
        from worker.api.people import Persons

        return Persons(self._database, self.settings)

    @cached_property
    def law(self) -> Law:
        """When, how often and how messages may go out."""
        from worker.api.law import Law

        return Law(self._database, self.settings)

    @cached_property
    def uploads(self) -> Uploads:
        """Files of people: a text to each row, or each row a contact."""
        from worker.api.uploads import Uploads

        return Uploads(cast("Notifier", self), self._database, self._bell)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Which addresses are called with what happens."""
        from worker.api.webhooks import Webhooks

        return Webhooks(self._database, self.settings, self._bell)

    @cached_property
    def _feed(self) -> Feed:
        from worker.api.events import Feed

        return Feed(self._database)
