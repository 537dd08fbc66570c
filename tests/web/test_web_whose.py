"""Every route × every kind of token, out of one table: what is another's does not exist, by answer or by effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.again.test_refused import hand_over
from tests.http_door import Application
from tests.support import Bench
from tests.web.test_web_messages import code
from worker import Notifier
from worker.access import May
from worker.lifecycle import Kind
from worker.web import campaigns, follow_ups, messages, operation, people, persons, refused, reports, reruns, texts
from worker.web.door import producer_of

REFUSED, NONE, HIDDEN, OPEN = 403, 404, 200, 0


@dataclass(frozen=True)
class Names:
    """What a request names: of the clinic, or of nobody."""

    id: str
    reference: str
    campaign: str
    key: str
    meeting: str
    phone: str


NOBODYS = Names("00000000-0000-7000-8000-000000000000", "r9", "nix", "99", "v99", "0901999999")


@dataclass(frozen=True)
class Route:
    """What it takes; how it is asked about something; what who may, but of another source, is told, and who sees all.

    shop: NONE: as if there were no such thing. HIDDEN: it is answered, without it. REFUSED: it is not for one source.
    """

    path: str
    right: May | None
    shop: int
    query: Callable[[Names], Mapping[str, str]] = lambda _: {}
    body: Callable[[Names], Any] = lambda _: None
    own: Sequence[int] = (200,)
    everybodys: Sequence[int] = (200,)
    also: str = ""  # a second row of one route says what it is about

    def ask(self, client: httpx.Client, names: Names) -> httpx.Response:
        method, path = self.path.split(" ")
        # what is nobody's has a body too, so that only the name decides
        return client.request(method, path.format(**asdict(names)), params=self.query(names), json=self.body(names))


def _campaign(names: Names) -> Mapping[str, str]:
    return {"campaign": names.campaign}


def _person(names: Names) -> Mapping[str, Any]:
    return {"who": names.phone, "dry_run": True}


SOON = datetime.now(UTC) + timedelta(days=30)
DATE = {"send_date": (SOON + timedelta(days=1)).isoformat()}
MEETING = {
    "title": "Kham rang",
    "starts_at": "2031-03-01T14:00",
    "template": "visit",
    "offsets": ["1d"],
    "sms_type": 4,
    "attendees": [{"key": "lan", "phone": "0901234567"}],
}
READ, DECIDE, PEOPLE, PLAN = May.READ, May.DECIDE, May.CONTACTS, May.REMINDERS
TABLE = [  # what makes something comes last: it makes one of the asker's own
    Route("GET /v1/messages", READ, NONE, query=lambda of: {"reference": of.reference}, also="by reference"),
    Route("GET /v1/messages", READ, HIDDEN, query=lambda of: {"to": of.phone}, also="by number"),
    Route("GET /v1/messages/{id}", READ, NONE),
    Route("GET /v1/refused", READ, HIDDEN),
    Route("GET /v1/contacts/{key}", PEOPLE, NONE),
    Route("GET /v1/events/{meeting}", PLAN, NONE, everybodys=(404,)),  # without a source, it names one of none
    Route("GET /v1/events-feed", READ, HIDDEN),
    Route("GET /v1/reports/summary", READ, HIDDEN, query=_campaign),
    Route("GET /v1/reports/reminders", READ, REFUSED, own=(403,)),
    *(
        Route(f"GET /v1/reports/{name}", READ, NONE, query=_campaign)
        for name in ("daily", "campaigns", "networks", "latency", "costs", "messages", "failures")
    ),
    Route("POST /v1/templates/visit:preview", PLAN, NONE, query=lambda of: {"key": of.key}),
    Route("POST /v1/messages/{id}:move", DECIDE, NONE, body=lambda _: DATE),
    Route("POST /v1/messages/{id}:retry", DECIDE, NONE),
    Route("POST /v1/campaigns/{campaign}:move", DECIDE, NONE, body=lambda _: DATE),
    Route("POST /v1/campaigns/{campaign}:retry", DECIDE, NONE),
    Route("POST /v1/campaigns/{campaign}:pause", DECIDE, NONE),
    Route("POST /v1/campaigns/{campaign}:resume", DECIDE, NONE),
    Route("POST /v1/campaigns/{campaign}:cancel", DECIDE, NONE),
    Route("POST /v1/messages/{id}:cancel", DECIDE, NONE),
    Route("DELETE /v1/contacts/{key}", PEOPLE, NONE),
    Route("DELETE /v1/events/{meeting}", PLAN, NONE, everybodys=(404,)),
    Route("GET /v1/reruns", DECIDE, OPEN),
    Route("GET /v1/reruns/{id}", DECIDE, NONE, own=(404,), everybodys=(404,)),  # no rerun has a message's id
    Route("POST /v1/reruns/{id}:go-on", DECIDE, NONE, own=(404,), everybodys=(404,)),
    Route("POST /v1/follow-ups:go-on", DECIDE, NONE, body=lambda of: {"campaign": of.campaign, "dry_run": True}),
    Route(
        "POST /v1/persons:forget", May.FORGET, REFUSED, body=lambda of: {"who": of.phone, "dry_run": True}, own=(403,)
    ),
    Route("GET /v1/templates", PLAN, OPEN),
    Route("GET /v1/templates/visit", PLAN, OPEN),
    Route("PUT /v1/templates/visit", PLAN, REFUSED, body=lambda _: {"content": "Hen {title}"}, own=(403,)),
    Route("POST /v1/text", READ, OPEN, body=lambda _: {"content": "Chao"}),
    Route("GET /v1/balance", May.ACCOUNT, OPEN, own=(503,), everybodys=(503,)),  # the server has no keys
    Route("GET /livez", None, OPEN),
    Route("GET /readyz", None, OPEN),
    Route("PUT /v1/contacts/{key}", PEOPLE, HIDDEN, body=lambda _: {"tags": ["x"]}),
    Route("PUT /v1/events/{meeting}", PLAN, HIDDEN, body=lambda _: MEETING, everybodys=(200, 422)),
    Route("POST /v1/opt-outs", PEOPLE, HIDDEN, body=lambda of: {"phones": [of.phone]}),
    Route(
        "POST /v1/messages",
        May.ENQUEUE,
        HIDDEN,
        body=lambda of: code(reference=of.reference),
        own=(409,),
        everybodys=(201,),
    ),
]
MADE = {OPEN: (200, 503), HIDDEN: (200, 201)}


@pytest.fixture
def clinics(bench: Bench) -> Names:
    """One of each that another source has, and a text that all use."""
    clinic = bench.notifier.of_source("clinic")
    bench.notifier.templates.save("visit", content="Nhac hen {title}")
    bench.roll_up()
    ticket = _stored(clinic)
    hand_over(bench.notifier, source="clinic", reference=str(ticket))
    bench.roll_up()
    return Names(str(ticket), "r1", "tet", "17", "v17", "0901234567")


def _stored(clinic: Notifier) -> Any:
    fields = code(reference="r1", campaign="tet", send_date=SOON.isoformat(), sms_type=4)
    clinic.contacts.upsert(key="17", name="Lan", phones="0901234567")
    clinic.reminders.upsert_event_fields(MEETING | {"source": "clinic", "key": "v17"})
    return clinic.enqueue_fields(Kind.SMS, fields).id


def test_every_route_is_in_the_table(address: str) -> None:
    described = httpx.get(f"{address}/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert {_as_described(each.path) for each in TABLE} == routes


@pytest.mark.parametrize(
    "room", [messages, refused, campaigns, reruns, follow_ups, people, texts, reports, operation, persons]
)
def test_no_route_for_tokens_has_what_sees_every_source(room: ModuleType) -> None:
    assert producer_of not in vars(room).values()


def _as_described(path: str) -> str:
    for ours, theirs in (("{campaign}", "{name}"), ("/visit", "/{name}"), ("{meeting}", "{key}")):
        path = path.replace(ours, theirs)
    return path


def test_without_a_token_every_route_but_health_is_closed(address: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as nobody, ThreadPoolExecutor(40) as threads:
        answers = threads.map(lambda route: (route, route.ask(nobody, NOBODYS).status_code), TABLE)
        wrong = {route.path: status for route, status in answers if status != (401 if route.right else 200)}
    assert wrong == {}


def test_a_token_without_the_right_is_refused_whatever_it_asks_about(application: Application, clinics: Names) -> None:
    for right in May:
        lacking = application(f"no {right}", source="clinic", may=",".join({*May} - {right}))
        asked = {each.path: each.ask(lacking, clinics).status_code for each in TABLE if each.right is right}
        assert set(asked.values()) == {403}, asked


def test_what_is_another_sources_is_answered_like_what_there_is_not(
    application: Application, clinics: Names, bench: Bench
) -> None:
    shop = application("shop", may=",".join(May))
    before, wrong = _all_of(bench), {}
    for route in TABLE:
        theirs, nothing = (_told(route.ask(shop, of), of) for of in (clinics, NOBODYS))
        if theirs != nothing or theirs[0] not in MADE.get(route.shop, (route.shop,)):
            wrong[f"{route.path} {route.also}"] = (theirs, nothing)
    assert wrong == {}
    assert _all_of(bench) == before


@pytest.mark.long
def test_who_may_is_answered(application: Application, clinics: Names) -> None:
    clinic = application("clinic", may=",".join(May))
    asked = {f"{each.path} {each.also}": (each.ask(clinic, clinics), each.own) for each in TABLE}
    assert {path: answer.text for path, (answer, own) in asked.items() if answer.status_code not in own} == {}


@pytest.mark.long
def test_an_operator_sees_every_source(application: Application, clinics: Names) -> None:
    boss = application("boss", source=None, may=",".join(May))
    asked = {f"{each.path} {each.also}": (each.ask(boss, clinics), each.everybodys) for each in TABLE}
    assert {path: answer.text for path, (answer, own) in asked.items() if answer.status_code not in own} == {}


def _told(answer: httpx.Response, of: Names) -> tuple[int, str]:
    """The answer, but for what the request itself named; of what was done, whether it tells of the clinic's."""
    if answer.status_code < 400:
        return answer.status_code, "the clinic's" if of.id in answer.text else ""
    text = answer.text
    for name, value in asdict(of).items():
        text = text.replace(value, name)
    return answer.status_code, text


def _all_of(bench: Bench) -> Any:
    """All that the clinic has, as an operator sees it."""
    clinic = bench.notifier.of_source("clinic")
    return (
        clinic.show(clinic.find("r1")).as_json(),
        clinic.contacts.show("17"),
        clinic.reminders.event(source="clinic", key="v17"),
        clinic.pauses.list(),
    )
