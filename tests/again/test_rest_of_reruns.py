"""Who of a rerun's rest stays back is told where somebody has to decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from tests.again.failing import many, queued
from tests.again.test_retry_many import go_on, turn
from tests.support import Bench
from worker.again import Corrected, Failed
from worker.api.decisions import Rest
from worker.ledger import Left
from worker.reporting import Stopped
from worker.reporting.sweeps import SweepShown

REFUSED = "status = 'rejected', code = '177', settled_at = now()"


def stopped(bench: Bench, at_their_limit: int = 3, **how: Any) -> str:
    """The id of one of 120, whose hundred all failed with one code; so many of the rest were sent often enough."""
    many(bench, 120)
    with bench.database.begin() as session:
        ids: Sequence[Any] = session.scalars(text("SELECT id FROM message ORDER BY id DESC")).all()
        session.execute(
            text("UPDATE message SET generation = 9 WHERE id = ANY(:ids)"), {"ids": list(ids[:at_their_limit])}
        )
    bench.notifier.again.retry(Failed(campaign="tet"), by="lan", **how)
    turn(bench, REFUSED)
    go_on(bench)
    [one] = bench.notifier.again.stopped()
    return str(one.id)


def test_who_of_what_stopped_stays_even_if_it_goes_on_is_told_as_things_stand(bench: Bench) -> None:
    rerun = stopped(bench)
    rest = bench.notifier.again.rest(rerun)
    assert (rest.messages, rest.left, rest.stay) == (20, {Left.LIMIT: 3}, 3)
    bench.notifier.again.go_on(rerun)
    go_on(bench)
    assert queued(bench) == 17
    assert bench.notifier.again.rest(rerun).messages == 0


def test_of_several_the_first_are_counted_and_of_the_others_it_is_told_how_many_were_not_sent_yet(bench: Bench) -> None:
    """However many there are, it takes no longer than one that is as large as is counted."""
    stopped(bench)
    again = bench.notifier.again
    both: list[Stopped | SweepShown] = [*again.stopped(), *again.open("tet")]
    counted, by_the_row = again.rest(both[0].id), Rest(messages=20)
    assert (counted.stay, by_the_row.stay) == (3, 0)
    assert again.rests(both) == again.rests(both, most=40) == [counted, counted]
    assert again.rests(both, most=39) == [counted, by_the_row]
    assert again.rests(both, most=19) == [by_the_row, by_the_row]


def test_of_a_corrected_one_it_is_told_by_its_correction(bench: Bench) -> None:
    rest = bench.notifier.again.rest(stopped(bench, 4, corrected=Corrected(content="Don hang moi")))
    assert (rest.messages, rest.left) == (20, {Left.LIMIT: 4})


def test_doctor_says_who_stays_and_advises_to_go_on_only_where_somebody_would_get_it(bench: Bench, cli: Any) -> None:
    rerun = stopped(bench)
    told = cli("doctor", "--json")[1]
    assert "20 wait, of which 3 stay as they are even if it goes on (3 sent again as often as" in told
    assert f"--go-on {rerun}" in told
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET generation = 9 WHERE status = 'undelivered'"))
    told = cli("doctor", "--json")[1]
    assert "20 wait, of which 20 stay" in told
    assert "--go-on" not in told


def test_doctor_says_no_more_of_one_whose_rest_went_out_since(bench: Bench, cli: Any) -> None:
    stopped(bench, 0)
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'delivered' WHERE code IS DISTINCT FROM '177'"))
    assert "of none that was stopped anything waits" in cli("doctor", "--json")[1]
