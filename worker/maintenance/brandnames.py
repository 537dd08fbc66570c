"""Keep the account's brandnames at hand, so that a wrong one is refused at enqueue and not hours later by eSMS."""

from __future__ import annotations

from datetime import timedelta

from worker import ledger
from worker.database import Database
from worker.esms import Client, EsmsError
from worker.telemetry import emit

FRESH = timedelta(hours=1)
AGAIN = timedelta(minutes=5)  # after a question without an answer


def refresh_brandnames(database: Database, client: Client) -> None:
    """Ask eSMS for them when they are older than an hour; one process of many asks."""
    with database.begin() as session:
        mine = ledger.ask_for_brandnames(
            session, rest_url=client.rest_url, account=client.account, fresh=FRESH, again=AGAIN
        )
    if mine:
        _refresh(database, client)


def _refresh(database: Database, client: Client) -> None:
    try:
        listed = client.list_brandnames()
    except EsmsError as error:
        emit("brandnames.failed", code=error.code, reason=error.reason)
        return
    with database.begin() as session:
        named = [(each.name, each.type) for each in listed]
        ledger.replace_brandnames(session, named, rest_url=client.rest_url, account=client.account)
