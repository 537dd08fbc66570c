"""The roles that Postgres knows us by, and what each is for. None is a superuser; none owns anything but the owner."""

from __future__ import annotations

from enum import StrEnum

from worker.database import SOURCE_ROLE


class Role(StrEnum):
    """A role of Postgres, the same in every database of a server. It can log in once it has a password."""

    OWNER = "esms_owner"  # owns the tables, migrates
    WORKER = "esms_worker"  # the processes that send, ask and keep house
    PRODUCER = "esms_producer"  # what Notifier needs, for every source: an operator's terminal, a single application
    SOURCE = SOURCE_ROLE  # the same for the sources that its login is bound to: what `producers add` makes is in it
    CALLER = "esms_caller"  # the functions of the schema `esms`, for the sources of its login; no table
    REPORT = "esms_report"  # the views of the schema `report`


ADMINISTRATOR = "esms_admin"  # a login of `up` alone, in all of these: migrates and makes logins, and is no superuser

# Who may act in another's place: a Notifier that is made for one source takes SOURCE on for each transaction.
MEMBERS: dict[Role, tuple[Role, ...]] = {Role.SOURCE: (Role.PRODUCER, Role.WORKER, Role.OWNER)}
