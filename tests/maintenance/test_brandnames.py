"""Brandnames are fetched when they are old, by one process of many, and kept when they can't be fetched."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from tests import canary
from tests.support import Bench
from worker import Sms, ledger, reporting
from worker.errors import Invalid
from worker.esms import Client, Credentials
from worker.lifecycle import BRANDNAMES_TRUSTED
from worker.maintenance import refresh_brandnames
from worker.maintenance.brandnames import AGAIN, FRESH


def refresh(bench: Bench) -> None:
    refresh_brandnames(bench.database, bench.client)


def known(bench: Bench) -> dict[str, frozenset[int]]:
    with bench.database.begin() as session:
        return ledger.known_brandnames(session)


def asks(bench: Bench) -> int:
    return int(bench.simulator.stats()["by_function"].get("GetListBrandname", 0))


def grow_old(bench: Bench, age: timedelta) -> None:
    with bench.database.begin() as session:
        session.execute(text("UPDATE brandname SET seen_at = seen_at - :age"), {"age": age})
        session.execute(text("UPDATE heartbeat SET at = at - :age"), {"age": age})


def test_they_are_fetched_at_the_first_tick_and_again_after_an_hour(bench: Bench) -> None:
    refresh(bench)
    assert known(bench) == {"Test_Sang": {2}, "sangbrand": {1, 2}}
    bench.simulator.set(brandnames={"Moi": [1]})
    grow_old(bench, FRESH / 2)
    refresh(bench)
    assert asks(bench) == 1
    grow_old(bench, FRESH)
    refresh(bench)
    assert known(bench) == {"Moi": {1}}


def test_ten_processes_at_once_ask_once(bench: Bench) -> None:
    barrier = Barrier(6)  # as many as the pool of one process has connections for, and some more

    def tick() -> None:
        barrier.wait()
        refresh(bench)

    threads = [Thread(target=tick) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asks(bench) == 1


def test_a_failure_keeps_the_former_list_says_so_and_asks_again_minutes_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    refresh(bench)
    grow_old(bench, FRESH)
    bench.simulator.set(api_key="another-key")
    refresh(bench)
    refresh(bench)
    assert [record.getMessage() for record in caplog.records if "brandnames.failed" in record.getMessage()] == [
        "brandnames.failed code=101 reason=eSMS code 101: the ApiKey or the SecretKey is wrong"
    ]
    assert "sangbrand" in known(bench)
    bench.simulator.set(api_key=canary.API_KEY, brandnames={"Moi": [1]})
    grow_old(bench, AGAIN)
    refresh(bench)
    assert known(bench) == {"Moi": {1}}


def test_another_esms_is_asked_at_once(bench: Bench) -> None:
    """Whoever tried the simulator first and then set the keys of a real account."""
    refresh(bench)
    elsewhere = bench.simulator.rest_url.replace("127.0.0.1", "localhost")
    with Client(Credentials(canary.API_KEY, canary.SECRET_KEY), rest_url=elsewhere, voice_url=elsewhere) as client:
        refresh_brandnames(bench.database, client)
    assert asks(bench) == 2


def test_an_account_without_brandnames_leaves_enqueueing_alone(bench: Bench) -> None:
    refresh(bench)
    with bench.database.begin() as session:
        ledger.replace_brandnames(session, [], rest_url=bench.client.rest_url, account=bench.client.account)
    assert known(bench) == {}


def test_the_names_of_another_account_are_forgotten_even_when_its_own_cannot_be_had(bench: Bench) -> None:
    refresh(bench)
    with bench.client_with(api_key="another-account") as client:
        refresh_brandnames(bench.database, client)
    assert known(bench) == {}


def test_a_list_that_could_not_be_renewed_for_hours_judges_nobody(bench: Bench) -> None:
    refresh(bench)
    assert listed(bench) == (2, True)
    grow_old(bench, BRANDNAMES_TRUSTED)
    assert known(bench) == {}
    assert listed(bench) == (2, False)  # doctor says so


def listed(bench: Bench) -> tuple[int, bool]:
    with bench.database.begin() as session:
        found = reporting.brandnames(session)
    return found.names, found.judges


@pytest.mark.parametrize("types", ["text", "missing"])
def test_a_name_whose_type_was_not_told_is_a_name_all_the_same(bench: Bench, types: str) -> None:
    bench.simulator.set(brandname_types=types)
    refresh(bench)
    assert known(bench) == {"Test_Sang": {0}, "sangbrand": {0}}
    for sms_type, to in ((2, "0901000100"), (1, [f"0901000{number}" for number in range(100, 125)])):
        bench.put(Sms(to=to, content="Chao", sms_type=sms_type, brandname="Test_Sang"))
    with pytest.raises(Invalid, match="did you mean 'Test_Sang'"):
        bench.put(Sms(to="0901000100", content="Chao", sms_type=2, brandname="TestSang"))
