"""*Prices*: what an SMS or a call costs where eSMS does not tell, put in one by one; past costs change along."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData

from worker.api.price_sheets import amount
from worker.api.prices import CALL, PriceRow
from worker.catalogue.names import SMS_TYPES
from worker.errors import Invalid, NotFound
from worker.web.door import producer_of
from worker.web.pages.access import Form, room
from worker.web.pages.forms import day_in, number_in, text_in
from worker.web.pages.rendering import language_of, redirect, render

router = room()

ADDRESS = "/reports/prices"
FIELDS = ("sms_type", "network", "valid_from", "dong")


@router.get(ADDRESS)
def prices(request: Request) -> Response:
    """All rows; those that hold today first said so."""
    return _page(request, {})


@router.post(ADDRESS)
def put(request: Request, form: Form) -> Response:
    """One more; of the same kind, network and day, its new price."""
    try:
        producer_of(request).prices.put([_row(form)])
    except Invalid as error:
        return _page(request, {name: str(form.get(name, "")) for name in FIELDS}, error)
    return redirect(ADDRESS)


@router.post(f"{ADDRESS}/remove")
def remove(request: Request, form: Form) -> Response:
    """Take one away: the one before it holds on."""
    with suppress(NotFound):  # somebody else did
        producer_of(request).prices.remove(number_in(form, "sms_type", CALL), text_in(form, "network"), _day(form))
    return redirect(ADDRESS)


def _row(form: FormData) -> PriceRow:
    kind, network = number_in(form, "sms_type", CALL), text_in(form, "network")
    return PriceRow(sms_type=kind, network=network, valid_from=_day(form), dong=amount(text_in(form, "dong")))


def _day(form: FormData) -> date:
    if (day := day_in(form, "valid_from")) is None:
        raise Invalid("valid_from", "is missing", "write it like 2026-03-01")
    return day


def _page(request: Request, given: dict[str, str], error: Invalid | None = None) -> Response:
    listed, today = producer_of(request).prices, producer_of(request).settings.today()
    language = language_of(request)
    facts: dict[str, Any] = {
        "rows": listed.list(),
        "today": today,
        "given": {"valid_from": f"{today}"} | given,
        "error": error,
        "wrong": error.field if error else "",
        "kinds": {int(each): f"{int(each)} · {said.say(language)}" for each, said in SMS_TYPES.items()},
    }
    return render(request, "prices/prices.html.j2", 422 if error else 200, **facts)
