"""`status` and `show` say why what waits waits, and `show` has the text and the polls that changed something."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import text

from tests.cli.test_cli_commands import SMS, Cli, cli, sent
from tests.support import Bench, eventually

__all__ = ["cli"]


def beat(bench: Bench, ago: str = "1 second") -> None:
    with bench.database.begin() as session:
        put = "INSERT INTO heartbeat VALUES ('beat', now() - CAST(:ago AS interval)) ON CONFLICT (name) DO UPDATE"
        session.execute(text(put + " SET at = excluded.at"), {"ago": ago})


def timeless(said: object) -> str:
    """Without the seconds that pass between two commands."""
    return re.sub(r"for \d+ s", "for seconds", str(said))


def why(cli: Cli, id_: str) -> str:
    """As `status` tells it, and `show` the same of the only message."""
    [wait] = json.loads(cli("status", id_, "--json")[1])["waits"]
    [message] = json.loads(cli("show", id_, "--json")[1])["messages"]
    assert timeless(message["wait"]) == timeless(wait) and wait["messages"] == 1
    assert timeless(wait["why"]) in timeless(cli("status", id_)[1])
    return str(wait["why"])


def test_a_date_is_the_reason_before_anybody_must_be_at_work(cli: Cli) -> None:
    id_ = sent(cli, *SMS, "--send-date", "2027-03-01T08:00")["id"]
    assert why(cli, id_) == "its date"
    assert "queued 1: its date (2027-03-01 08:00:00)" in cli("status", id_)[1]
    assert "its date" in cli("show", id_)[1]


def test_a_paused_lane_or_campaign_is_named_with_its_reason(cli: Cli, bench: Bench) -> None:
    beat(bench)
    id_ = sent(cli, *SMS, "--campaign", "tet")["id"]
    assert why(cli, id_) == "its turn: lane urgent goes as fast as its rate allows"
    cli("pause", "urgent", "--reason", "the line is cut")
    assert why(cli, id_) == "lane urgent is paused: the line is cut"
    cli("pause", "--campaign", "tet", "--reason", "the text is wrong")
    assert why(cli, id_) == "campaign tet is paused: the text is wrong"


@pytest.mark.parametrize(("ago", "told"), [(None, "heard ever"), ("5 minutes", "heard for 3")])
def test_that_nobody_is_at_work_is_the_reason(cli: Cli, bench: Bench, ago: str | None, told: str) -> None:
    if ago:
        beat(bench, ago)
    assert told in why(cli, sent(cli, *SMS)["id"])


def test_a_try_that_failed_gives_its_reason_and_when_it_is_tried_again(cli: Cli, bench: Bench) -> None:
    ticket = bench.put()
    bench.set(ticket, failures="1", due_at="now() + interval '1 hour'", reason="'no answer came in time'")
    assert why(cli, str(ticket.id)) == "tried again after: no answer came in time"


@pytest.mark.parametrize(("status", "told"), [("held", "a person decides"), ("accepted", "eSMS took it")])
def test_what_esms_has_waits_for_an_answer_or_a_person(cli: Cli, bench: Bench, status: str, told: str) -> None:
    ticket = bench.put()
    bench.set(ticket, status=f"'{status}'", accepted_at="now()", poll_at="now() + interval '1 minute'")
    assert told in why(cli, str(ticket.id))


def test_what_is_final_waits_for_nothing_and_an_opt_out_is_its_reason(cli: Cli) -> None:
    cli("contacts", "opt-out", "--phone", "0901000001")
    id_ = sent(cli, *SMS, "--purpose", "reminder")["id"]
    assert json.loads(cli("status", id_, "--json")[1])["waits"] == []
    assert "the recipient opted out" in cli("show", id_)[1]


def test_show_has_the_text_and_the_poll_that_settled_it(cli: Cli, bench: Bench) -> None:
    id_ = sent(cli, *SMS)["id"]
    bench.deliver()
    eventually(lambda: bench.poll() or bench.standing(id_) == {"delivered": 1})
    shown = json.loads(cli("show", id_, "--json")[1])
    assert shown["content"] == "Ma: 1"
    assert [row["outcome"] for row in shown["messages"][0]["requests"]] == ["accepted", "delivered"]
    out = cli("show", id_)[1]
    assert "Ma: 1" in out and "delivered" in out.splitlines()[-1]
