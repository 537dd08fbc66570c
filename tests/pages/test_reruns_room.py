"""What is sent again, on its page and its campaign's: who of the rest stays, and the rest sent all the same."""

from __future__ import annotations

from tests.again.failing import many, queued
from tests.again.test_follow_ups import calls
from tests.again.test_rest_of_reruns import stopped
from tests.again.test_retry_many import go_on
from tests.again.test_set_aside import fix, follow, set_aside
from tests.pages.conftest import Browsers
from tests.support import Bench
from worker.web.pages.keys import key_of


def test_its_page_and_its_campaigns_say_who_stays_and_operators_send_the_rest_all_the_same(
    bench: Bench, browsers: Browsers
) -> None:
    rerun = stopped(bench)
    bench.roll_up()
    operator, viewer = browsers("operator"), browsers("viewer")
    for address in (f"/find/sweeps/{rerun}", f"/campaigns/{key_of('tet')}"):
        page = operator.get(address).text
        assert "Phần còn lại có 20 tin không thành đang chờ. Trong số đó 3 tin để nguyên." in page
        assert "3 để lại: đã gửi lại đủ số lần" in page
    assert "/go-on" not in viewer.get(f"/find/sweeps/{rerun}").text
    assert operator.post(f"/find/sweeps/{rerun}/go-on").status_code == 303
    go_on(bench)
    assert queued(bench) == 17
    assert "/go-on" not in operator.get(f"/find/sweeps/{rerun}").text


def test_from_a_campaigns_page_what_failed_is_sent_again_once_it_was_seen_what_that_does(
    bench: Bench, browsers: Browsers
) -> None:
    many(bench, 3)
    bench.roll_up()
    operator, campaign = browsers("operator"), f"/campaigns/{key_of('tet')}"
    assert f'action="{campaign}/retry"' in operator.get(campaign).text
    seen = operator.post(f"{campaign}/retry").headers["location"]
    assert seen.startswith("/find/act/") and queued(bench) == 0
    assert f'href="{campaign}"' in operator.get(seen).text
    operator.post(seen)
    assert queued(bench) == 3


def test_what_was_to_follow_and_was_set_aside_is_let_go_once_it_was_seen_how_many_that_are(
    bench: Bench, browsers: Browsers
) -> None:
    set_aside(bench)
    fix(bench)
    operator, viewer = browsers("operator"), browsers("viewer")
    seen = operator.get("/follow-ups").text
    assert "6 tin chưa thực hiện được" in seen
    assert seen.count('href="/messages/') == 6
    assert "/follow-ups/go-on" not in viewer.get("/follow-ups").text
    done = operator.post("/follow-ups/go-on").headers["location"]
    assert "Đã cho tiếp tục: 6" in operator.get(done).text
    assert "/follow-ups/go-on" not in operator.get(done).text
    while follow(bench):
        pass
    assert calls(bench) == 6
    [act] = bench.notifier.acts.list(what="follow_up.go_on")
    assert act.how_many == 6
