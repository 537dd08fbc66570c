"""The gate between claim and send: what may not go out does not, by whichever way it became queued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support import Bench, otp, retry
from worker import RecordCall, Sms, TemplateCall
from worker.errors import SettingsError
from worker.settings import Settings

OURS, STRANGER = "0901000001", "0901000002"
NOT_ALLOWED = "the number is not in ESMS_ALLOW_ONLY"


@pytest.fixture
def trial(bench: Bench) -> Bench:
    """A worker that may send to one number."""
    bench.settings = replace(bench.settings, allow_only=frozenset({"+84901000001"}))
    return bench


def test_in_a_trial_nothing_goes_to_any_other_number(trial: Bench) -> None:
    many = [f"09020001{n:02d}" for n in range(25)]
    ours = [trial.put(otp(OURS)), trial.put(RecordCall(to=OURS, record_id="2001"))]
    others = [
        trial.put(otp(STRANGER)),
        trial.put(Sms(to=many, content="Sale", sms_type=1)),
        trial.put(TemplateCall(to=STRANGER, template_id="1002", variables=["Lan"])),
        trial.put(RecordCall(to=OURS, record_id="1", number_forward=STRANGER)),
    ]
    trial.deliver()
    assert [trial.status(ticket) for ticket in ours] == ["accepted", "accepted"]
    told = {(each["status"], each["reason"]) for ticket in others for each in trial.messages(ticket)}
    assert told == {("cancelled", NOT_ALLOWED)}
    assert [each["phones"] for each in trial.simulator.sends()] == [[OURS], [OURS]]


def test_in_a_trial_what_is_in_doubt_is_looked_for_and_not_asked_for_again(trial: Bench) -> None:
    ticket = trial.put(otp(STRANGER))
    trial.set(ticket, status="'unconfirmed'", in_doubt_since="now()", request_id="'x'", due_at="now()")
    trial.deliver()
    assert trial.message(ticket)["reason"] == f"{NOT_ALLOWED}; whether eSMS took it before is looked for"
    assert trial.simulator.sends() == []


def test_in_a_trial_a_person_who_retries_sends_nothing_to_others_either(trial: Bench) -> None:
    ticket = trial.put(otp(STRANGER))
    trial.set(ticket, status="'rejected'", settled_at="now()")
    with trial.database.begin() as session:
        assert retry(session, trial.settings, ticket) == 1
    trial.deliver()
    assert trial.message(ticket)["reason"] == NOT_ALLOWED


def test_a_list_of_allowed_numbers_with_a_wrong_one_is_refused_without_telling_it() -> None:
    environ = {"DATABASE_URL": "postgresql://u@h/d", "ESMS_ALLOW_ONLY": "0901 000 001, 09x"}
    with pytest.raises(SettingsError, match="ESMS_ALLOW_ONLY: number 2: ") as caught:
        Settings.from_environ(environ)
    assert "09x" not in str(caught.value)
    assert Settings.from_environ(environ | {"ESMS_ALLOW_ONLY": "0901 000 001"}).allow_only == {"+84901000001"}
