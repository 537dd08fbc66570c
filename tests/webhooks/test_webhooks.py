"""Applications are called with what became of their messages: signed, in order, whatever the endpoint does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from tests.support import Bench, eventually, otp
from tests.webhooks.endpoint import Endpoint, drips, floods, listening
from worker import ledger
from worker.api.events import Event
from worker.api.webhooks import NewWebhook
from worker.database import Database
from worker.errors import Forbidden, Invalid, NotFound, Unavailable, Unusable
from worker.event_kinds import EventKind
from worker.ledger import webhooks
from worker.lifecycle import Lane, PauseCode, Purpose
from worker.roles import Role
from worker.settings import Settings
from worker.webhooks import Caller, line, post, target_of
from worker.webhooks.target import Unreachable, address_of


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with listening() as endpoint:
        yield endpoint


@pytest.fixture
def hooked(bench: Bench, database_url: str) -> Callable[..., NewWebhook]:
    """Makes a webhook in a private network, as a test's endpoint is."""
    environ = {"DATABASE_URL": database_url, "WORKER_WEBHOOKS_PRIVATE": "1"}
    bench.notifier.webhooks._settings = Settings.from_environ(environ)

    def make(url: str, *events: str, source: str | None = None) -> NewWebhook:
        return bench.notifier.webhooks.add(url, source=source, events=events or list(EventKind))

    return make


def call(bench: Bench) -> None:
    """One bell's work."""
    Caller(bench.database, private=True).run(lambda: False)


def now_due(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(text("UPDATE webhook_call SET due_at = now()"))


def test_each_event_comes_once_signed_and_in_order(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    made = hooked(endpoint.url, source="shop")
    ticket = bench.put(source="shop", reference="R1", campaign="tet")
    theirs = bench.put(source="clinic")
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    call(bench)
    call(bench)
    assert endpoint.types == ["message.accepted", "message.delivered"]
    facts = endpoint.data()[-1]
    assert (facts["id"], facts["reference"], facts["phone"]) == (str(ticket.id), "R1", "+84901000001")
    assert str(theirs.id) not in str(endpoint.calls)
    assert len({headers["webhook-id"] for headers, _ in endpoint.calls}) == 2
    for headers, body in endpoint.calls:
        Webhook(made.secret).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(made.secret).verify(body + b" ", headers)


def test_every_kind_of_event_is_told_where_it_is_wanted(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    hooked(endpoint.url)
    bench.notifier.contacts.opt_out_phones(["0901000009"])
    bench.put(otp("0901000009"), purpose=Purpose.REMINDER)
    bench.put(otp("0901000003"))  # eSMS refuses it
    cancelled = bench.put(send_date=datetime.now(UTC) + timedelta(days=1))
    bench.notifier.cancel(cancelled.id)
    expired, held = bench.put(), bench.put()
    bench.set(expired, expires_at="now() - interval '1 second'")
    bench.look_after_ledger()
    bench.set(held, status="'held'", reason="NULL")
    bench.deliver()
    unknown = bench.put()
    bench.deliver()
    bench.set(unknown, accepted_at="now() - interval '8 days'")
    bench.look_after_ledger()
    with bench.database.begin() as session:
        ledger.pause(session, Lane.BULK, "test", code=PauseCode.RESERVE)
        ledger.pause(session, Lane.VOICE, "test", code="101")
        skipped = """
            WITH e AS (SELECT gen_random_uuid() AS id)
            INSERT INTO occurrence (owner_id, occasion, before, recipient, occurs_at, state, reason)
            SELECT id, '2030', '', '17', now(), 'skipped', 'being made' FROM e
        """
        session.execute(text(skipped))
        session.execute(text("UPDATE occurrence SET reason = 'it was too late'"))
    call(bench)
    wanted = {"message.opted_out", "message.failed", "message.cancelled", "message.expired", "message.held"}
    wanted |= {"message.accepted", "message.unknown", "balance.low", "lane.paused", "reminder.skipped"}
    assert set(endpoint.types) == wanted


def test_what_is_not_taken_comes_again_and_the_next_of_that_message_waits_for_it(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    hooked(endpoint.url)
    endpoint.answer = lambda _: 503
    ticket, other = bench.put(), bench.put(otp("0901000002"))
    bench.deliver()
    bench.ask_until(ticket, "delivered")
    call(bench)
    assert endpoint.types == ["message.accepted"] * 2
    [row] = bench.notifier.webhooks.list()
    assert (row.waiting >= 3, row.outcome) == (True, "it answered 503")
    endpoint.answer = lambda _: 200
    now_due(bench)
    call(bench)
    of_one = [
        kind for kind, facts in zip(endpoint.types, endpoint.data(), strict=True) if facts["id"] == str(ticket.id)
    ]
    assert of_one == ["message.accepted", "message.accepted", "message.delivered"]
    assert bench.notifier.webhooks.list()[0].waiting == 0
    assert other.id


def test_after_three_days_it_is_given_up_and_a_replay_tells_it_with_the_same_id(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    made = hooked(endpoint.url)
    endpoint.answer = lambda _: 500
    begun = datetime.now(UTC) - timedelta(minutes=1)
    bench.put()
    bench.deliver()
    for _ in range(10):
        call(bench)
        now_due(bench)
    call(bench)
    assert len(endpoint.calls) == 10
    assert bench.notifier.webhooks.list()[0].failed == 1
    endpoint.answer = lambda _: 200
    bench.notifier.webhooks.replay(made.id, begun)
    call(bench)
    assert len(endpoint.calls) == 11
    assert len({headers["webhook-id"] for headers, _ in endpoint.calls}) == 1
    bench.notifier.webhooks.replay(made.id, begun)
    call(bench)
    assert len(endpoint.calls) == 12


def test_gone_disables_and_what_happens_meanwhile_waits_until_it_is_enabled(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    made = hooked(endpoint.url)
    endpoint.answer = lambda _: 410
    bench.put()
    bench.deliver()
    call(bench)
    [row] = bench.notifier.webhooks.list()
    assert row.disabled_because == "it answered 410: gone"
    bench.put(otp("0901000002"))
    bench.deliver()
    call(bench)
    assert len(endpoint.calls) == 1
    endpoint.answer = lambda _: 200
    bench.notifier.webhooks.enable(made.id)
    now_due(bench)
    call(bench)
    assert len(endpoint.calls) == 3


def test_for_a_day_both_secrets_of_a_rotation_sign(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    former = hooked(endpoint.url)
    newer = bench.notifier.webhooks.rotate(former.id)
    bench.put()
    bench.deliver()
    call(bench)
    [(headers, body)] = endpoint.calls
    for made in (former, newer):
        Webhook(made.secret).verify(body, headers)
    with bench.database.begin() as session:
        session.execute(text("UPDATE webhook_secret SET created_at = created_at - interval '25 hours'"))
        assert webhooks.secrets_of(session, former.id) == [newer.secret]


def test_one_that_hangs_holds_up_no_other_and_is_let_go_in_time(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "TOTAL", 1.0)
    with listening() as hanging, listening() as flooding:
        hanging.answer, flooding.answer = drips, floods
        for each in (hanging, flooding, endpoint):
            hooked(each.url)
        bench.put()
        bench.deliver()
        call(bench)
        told = [row.outcome for row in bench.notifier.webhooks.list()]
        assert told == ["no answer came in time (TimeoutError)", None, None]
        assert (len(endpoint.calls), len(flooding.calls)) == (1, 1)


def test_a_call_whose_process_died_is_made_again_after_its_lease_and_a_late_answer_changes_nothing(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    made = hooked(endpoint.url)
    bench.put()
    bench.deliver()
    with bench.database.begin() as session:
        webhooks.fan_out(session, made.id)
        [first] = webhooks.claim_calls(session, made.id, most=9, lease=timedelta(minutes=1))
        assert webhooks.claim_calls(session, made.id, most=9, lease=timedelta(minutes=1)) == []
    call(bench)
    assert endpoint.calls == []
    now_due(bench)
    with bench.database.begin() as session:
        [second] = webhooks.claim_calls(session, made.id, most=9, lease=timedelta(minutes=1))
        late = webhooks.Called(first.transaction, first.number, first.attempts)
        webhooks.called(session, made.id, [late])
    assert bench.notifier.webhooks.list()[0].waiting == 1
    assert second.attempts == first.attempts + 1


def test_a_change_that_commits_behind_later_ones_is_neither_missed_nor_waited_for(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    hooked(endpoint.url)
    slow, quick = bench.put(otp("0901000001")), bench.put(otp("0901000002"))
    cancel = "UPDATE message SET status = 'cancelled', settled_at = now() WHERE notification_id = :id"
    page = bench.notifier.events_page()
    with bench.database.begin() as session:
        session.execute(text(cancel), {"id": slow.id})
        bench.notifier.cancel(quick.id)
        call(bench)
        assert [facts["id"] for facts in endpoint.data()] == [str(quick.id)]
        page = bench.notifier.events_page(page.next)
        assert [event.data["id"] for event in page.events] == [str(quick.id)]
    call(bench)
    assert [facts["id"] for facts in endpoint.data()] == [str(quick.id), str(slow.id)]
    assert [event.data["id"] for event in bench.notifier.events_page(page.next).events] == [str(slow.id)]


def test_the_feed_tells_everything_from_any_cursor_on_and_a_source_its_own_alone(bench: Bench) -> None:
    tickets = [bench.put(source=source) for source in ("shop", "clinic", "shop")]
    bench.deliver()
    events = list(bench.notifier.events(follow=False))
    assert {event.data["id"] for event in events} == {str(ticket.id) for ticket in tickets}
    for place, event in enumerate(events):
        later = list(bench.notifier.events(event.cursor, follow=False))
        assert [each.number for each in later] == [each.number for each in events[place + 1 :]]
    pages: list[Event] = []
    cursor, more = None, True
    while more:
        page = bench.notifier.events_page(cursor, most=1)
        pages += page.events
        cursor, more = page.next, page.more
    assert [each.number for each in pages] == [each.number for each in events]
    with bench.notifier.of_source("shop") as shop:
        mine = list(shop.events(follow=False))
    assert [event.data["id"] for event in mine] == [
        event.data["id"] for event in events if event.data["source"] == "shop"
    ]
    for wrong in ("x", "1:2", "9" * 19 + ":1:", f"1:1:/1:1:/1/{10**18}x"):
        with pytest.raises(Invalid, match="after"):
            bench.notifier.events_page(wrong)


def test_the_feed_by_http_is_the_tokens_own(bench: Bench, application: Callable[..., httpx.Client]) -> None:
    client = application("shop", may="read")
    ticket, _ = bench.put(source="shop"), bench.put(source="clinic")
    bench.deliver()
    answer = client.get("/v1/events-feed").json()
    assert [event["data"]["id"] for event in answer["events"]] == [str(ticket.id)]
    again = client.get("/v1/events-feed", params={"after": answer["next"]}).json()
    assert (again["events"], again["more"]) == ([], False)
    assert client.get("/v1/events-feed", params={"after": "x"}).status_code == 422


WRONG = [
    ("http://shop.example/x", "not https"),
    ("https://a:b@shop.example/x", "user"),
    ("ftp://shop.example", "no address"),
    ("https://", "no address"),
    ("https://shop.example:99999/", "no address"),
    ("https://shop.example/\r\nx: y", "no address"),
]


@pytest.mark.parametrize(("url", "problem"), WRONG)
def test_an_address_that_can_not_be_called_is_refused(url: str, problem: str, bench: Bench) -> None:
    with pytest.raises(Invalid, match=problem):
        bench.notifier.webhooks.add(url, source="shop", events=["message.failed"])


PRIVATE = """127.0.0.1 10.0.0.1 169.254.169.254 [::1] [::ffff:10.0.0.1] [fd00::1] 0.0.0.0 2130706433 localhost
    100.64.0.1 [2002:a00:1::] 224.0.0.1"""


@pytest.mark.parametrize("host", PRIVATE.split())
def test_nothing_within_the_private_network_is_called(host: str) -> None:
    with pytest.raises(Unreachable, match="give a public one, or set WORKER_WEBHOOKS_PRIVATE=1"):
        address_of(target_of(f"https://{host}/", private=False), private=False)


def test_what_a_redirect_names_is_not_called(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]
) -> None:
    with listening() as inner:

        def elsewhere(handler: Any) -> None:
            handler.send_response(307)
            handler.send_header("location", inner.url)
            handler.send_header("content-length", "0")
            handler.end_headers()

        endpoint.answer = elsewhere
        hooked(endpoint.url)
        bench.put()
        bench.deliver()
        call(bench)
        assert inner.calls == []
    assert bench.notifier.webhooks.list()[0].outcome == "it answered 307"


def test_a_test_says_what_came_of_it(bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook]) -> None:
    made = hooked(endpoint.url, "message.failed")
    found: list[str | None] = []
    for status in (200, 500):
        endpoint.answer = lambda _, status=status: status  # type: ignore[misc]
        known = len(found)
        asking = Thread(target=lambda: found.append(bench.notifier.webhooks.test(made.id)))
        asking.start()
        while len(found) == known:
            call(bench)
        asking.join()
    assert found == [None, "it answered 500"]
    assert set(endpoint.types) == {"webhook.test"}
    with pytest.raises(NotFound):
        bench.notifier.webhooks.test(UUID(int=1))


def test_secrets_are_the_workers_to_read_and_webhooks_nothing_for_a_source(
    bench: Bench, hooked: Callable[..., NewWebhook], url_as: Callable[[str], str]
) -> None:
    hooked("https://shop.example/esms", "message.failed")
    with Database(url_as(Role.PRODUCER)) as producer, pytest.raises(Forbidden), producer.begin() as session:
        session.execute(text("SELECT secret FROM webhook_secret"))
    with bench.notifier.of_source("shop") as shop, pytest.raises(Unavailable):
        shop.webhooks.list()
    with pytest.raises(Invalid, match=r"did you mean message\.failed"):
        hooked("https://shop.example/esms", "message.faild")
    with pytest.raises(Unusable):
        target_of("http://shop.example", private=False)


def test_a_batch_behind_a_slow_endpoint_begins_no_call_that_its_lease_may_not_cover(
    bench: Bench, endpoint: Endpoint, hooked: Callable[..., NewWebhook], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(line, "LONGEST", 0.9)
    monkeypatch.setattr(line, "IN_FLIGHT", 1)  # side by side
    made = hooked(endpoint.url, "message.cancelled")
    for _ in range(4):
        bench.notifier.cancel(bench.put(send_date=datetime.now(UTC) + timedelta(days=1)).id)
    others: list[int] = []

    def slowly(_: Any) -> int:
        if not others:  # the lease of the whole batch runs out while the first is answered
            others.append(1)
            eventually(lambda: leases(bench) < datetime.now(UTC))
            call(bench)
        return 200

    endpoint.answer = slowly
    working = line.Line(bench.database, made.id, endpoint.url, private=True)
    working._most = 4
    working.run(lambda: False, lambda: False)
    told = [headers["webhook-id"] for headers, _ in endpoint.calls]
    assert len(set(told)) == 4
    assert len(told) == 5  # the one that was under way, and nothing else


def leases(bench: Bench) -> datetime:
    with bench.database.begin() as session:
        found: datetime = session.scalars(text("SELECT max(due_at) FROM webhook_call")).one()
        return found
