"""Rows of what is decided: by people with a command that dies and is given again, and by what follows by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

from sqlalchemy import text

from tests.faults.ground import LONG, QUIET, Ground, Layout
from tests.faults.judge import Allowed
from tests.faults.scenarios import HUNDREDS, Scenario, around, dies
from tests.faults.stock import Stock
from tests.traces import tables_that_hold
from worker import SmsType, TemplateCall
from worker.database import Database

DAY = timedelta(days=1)
KEPT = timedelta(days=92)  # longer than anything that names somebody
FOLLOWED: dict[str, Any] = {"fallback": TemplateCall(template_id="1001", variables=["Lan"]), "fallback_after": "10m"}
UNREACHABLE = "7"  # the last digit of who gets nothing


def everybody(plot: str) -> dict[str, str]:
    """Whatever number: this becomes of it."""
    return dict.fromkeys(map(str, range(10)), plot)


def stands(ground: Ground, stock: Stock, **statuses: int) -> bool:
    return ground.wait(lambda: dict(ground.standing(stock)) == statuses, LONG)


# A campaign, paused and resumed...


def pause_and_resume(ground: Ground, stock: Stock, _: Thread) -> None:
    for pause, resume in zip(around("pause_campaign"), around("lift_campaign"), strict=True):
        ground.simulator.set(latency=0.5)  # so that much still waits when it is paused
        stock.hand_over(stock.sms(2000, SmsType.NOTIFY))
        ground.kill_command(pause, "pause", "--campaign", stock.campaign)
        ground.wait(lambda: ground.standing(stock)["sending"] == 0, LONG)
        waiting = ground.standing(stock)["queued"]
        ground.expect(waiting > 0, "all had gone out before the campaign was paused")
        with ground.struck_at(resume):
            ground.command("resume", "--campaign", stock.campaign)
            if "before" in resume:
                ground.expect(ground.standing(stock)["queued"] == waiting, "a paused campaign went on")
        ground.command("resume", "--campaign", stock.campaign)
        ground.simulator.set(**QUIET)
        ground.settles(stock)


# What failed, sent again...


def rerun(ground: Ground, stock: Stock, _: Thread) -> None:
    """The command dies at its own commit, or whoever goes on with the rest at theirs."""
    for number, point in enumerate((*around("begin_rerun"), *around("decided"), *around("moved_on")), 1):
        ground.simulator.set(plots=everybody("refused"))
        stock.hand_over(stock.sms(250, SmsType.NOTIFY))
        ground.wait(lambda: ground.standing(stock)["rejected"] == 250, LONG)
        ground.simulator.set(plots={})
        ground.kill_command(point, "retry", "--campaign", stock.campaign, "--yes")
        ground.expect(stands(ground, stock, delivered=250 * number), f"{point}: not all of it was sent again")


# What follows by itself...


def put_failed(database: Database, stock: Stock, count: int, **followed: Any) -> list[str]:
    """SMS that eSMS refused, an hour ago by our clock; their numbers."""
    phones = stock.coming(count)
    later = datetime.now(UTC) + timedelta(hours=1)  # until then nobody claims them
    tickets = stock.hand_over(stock.sms(count, SmsType.NOTIFY), send_date=later, **followed)
    of = {"ids": [ticket.id for ticket in tickets]}
    turned = "status = 'rejected', code = '118', settled_at = now()"
    with database.begin() as session:
        session.execute(text(f"UPDATE message SET {turned} WHERE notification_id = ANY(:ids)"), of)
        session.execute(text("UPDATE notification SET send_date = now() - interval '1 hour' WHERE id = ANY(:ids)"), of)
        session.execute(text("UPDATE follow_up SET due_at = now() WHERE due_at IS NOT NULL"))
    return phones


def fall_back(ground: Ground, stock: Stock, _: Thread) -> None:
    more = ground.crew.more_beats(2)
    for point in around("fall_back"):
        with ground.struck_at(point):
            stock.phones += put_failed(ground.database, stock, 250, **FOLLOWED)  # once more: each is to be called
    ground.settles(stock)
    for beat in more:
        beat.stop()


_ARE_DUE = text("""
    UPDATE notification SET created_at = created_at - interval '3 hours', send_date = send_date - interval '3 hours'
    WHERE campaign = :campaign
""")


def correct(ground: Ground, stock: Stock, _: Thread) -> None:
    """A person corrects what was to be followed; who is not reached by that either is called."""
    more = ground.crew.more_beats(2)
    ground.simulator.set(plots={UNREACHABLE: "undelivered"})
    for number, point in enumerate(around("put_in_place"), 1):
        phones = put_failed(ground.database, stock, 250, **FOLLOWED | {"fallback_after": "2h"})
        stock.phones += phones  # once more: each gets the correction
        which = ("--campaign", stock.campaign, "--status", "rejected")
        ground.kill_command(point, "retry", *which, "--content", f"Sua lai {number}", "--yes")
        ground.expect(ground.wait(lambda: _open(ground, stock) == 0, LONG), f"{point}: not all was corrected in time")
        stock.phones += [phone for phone in phones if phone.endswith(UNREACHABLE)]
        with ground.database.begin() as session:
            session.execute(_ARE_DUE, {"campaign": stock.campaign})
            session.execute(text("UPDATE follow_up SET due_at = now() WHERE due_at IS NOT NULL"))
    ground.settles(stock)
    for beat in more:
        beat.stop()


def _open(ground: Ground, stock: Stock) -> int:
    """What is to be corrected still, or under way."""
    standing = ground.standing(stock)
    with ground.database.begin() as session:
        failed = session.execute(
            text("SELECT count(*) FROM message WHERE status = 'rejected' AND replaced_by IS NULL")
        ).scalar_one()
    return int(failed) + sum(standing[status] for status in ("queued", "sending", "unconfirmed", "accepted"))


def in_the_same_second(ground: Ground, stock: Stock, _: Thread) -> None:
    """eSMS says what became of each about when the other channel's time comes."""
    more = ground.crew.more_beats(2)
    ground.simulator.set(pace=1, plots={UNREACHABLE: "undelivered"})
    for _number in range(4):
        phones = stock.coming(250)
        tickets = stock.hand_over(stock.sms(250, SmsType.NOTIFY), **FOLLOWED)
        stock.phones += [phone for phone in phones if phone.endswith(UNREACHABLE)]
        of = {"ids": [ticket.id for ticket in tickets]}
        with ground.database.begin() as session:
            session.execute(
                text("UPDATE notification SET send_date = now() - interval '597 seconds' WHERE id = ANY(:ids)"), of
            )
            session.execute(
                text("""
                    UPDATE follow_up AS f SET due_at = now() + interval '3 seconds' FROM message AS m
                    WHERE m.id = f.message_id AND m.notification_id = ANY(:ids)
                """),
                of,
            )
        ground.struck += 1
        ground.wait(lambda: ground.standing(stock)["queued"] == 0, LONG)
    ground.settles(stock)
    for beat in more:
        beat.stop()


# What is held, refused, forgotten, or kept no longer...


def resolve(ground: Ground, stock: Stock, _: Thread) -> None:
    for number, point in enumerate(around("resolve_all"), 1):
        ground.simulator.set(plots=everybody("reset"))
        stock.hand_over(stock.calls(550))
        ground.wait(lambda: ground.standing(stock)["held"] == 550, LONG)
        ground.simulator.set(plots={})
        ground.kill_command(point, "held", "resolve", "--campaign", stock.campaign, "--as", "send-again")
        ground.expect(stands(ground, stock, delivered=550 * number), f"{point}: not all of it was sent again")


def refuse(ground: Ground, stock: Stock, _: Thread) -> None:
    """Tasks that can't be taken; each is kept once, and handed over corrected."""
    for point in around("refuse") * 2:
        with ground.struck_at(point):
            stock.by_task(ground.broker, 250, to="12")
    refused = ground.notifier.refused
    everyone = len(stock.phones)
    ground.wait(lambda: _refused(ground) == everyone, 2 * LONG)
    kept = refused.list(source=stock.campaign, most=10_000)
    ground.expect(len(kept) == everyone, f"of {everyone} refused requests {len(kept)} are kept")
    commanded = dict(zip(around("taken_in"), kept, strict=False))
    for (point, row), phone in zip(commanded.items(), stock.phones, strict=False):
        ground.kill_command(point, "refused", "send", str(row.id), "--to", phone, "--content", "Tin nhan")
    for row, phone in zip(kept[2:], stock.phones[2:], strict=False):
        refused.send(row.id, to=phone, content="Tin nhan")


def _refused(ground: Ground) -> int:
    with ground.database.begin() as session:
        return int(session.execute(text("SELECT count(*) FROM inbox WHERE state = 'refused'")).scalar_one())


def forget_somebody(ground: Ground, _: Stock, feeding: Thread) -> None:
    for point in around("forget") * 2:
        [phone] = ground.other.coming(1)
        ground.other.hand_over(ground.other.sms(1))
        ground.settles(ground.other)
        ground.kill_command(point, "person", "forget", phone, "--yes")
    feeding.join()


def nobody_is_left(ground: Ground, _: Stock) -> Iterable[str]:
    """They are forgotten a day after what they got was over."""
    age(ground.database, ground.other, 2 * DAY)
    words = tuple(phone[1:] for phone in ground.other.phones)
    with ground.database.begin() as session:
        session.execute(text("UPDATE removal SET look_at = now()"))
    if not ground.wait(lambda: not tables_that_hold(ground.database, words), LONG):
        yield f"who was forgotten stands in {', '.join(tables_that_hold(ground.database, words))}"


def remove_the_old(ground: Ground, stock: Stock, feeding: Thread) -> None:
    old = ground.other
    old.hand_over(old.sms(HUNDREDS * 100, SmsType.NOTIFY))
    ground.settles(old)
    for point in around("move_on") * 2:
        with ground.struck_at(point):
            age(ground.database, old, KEPT)
    feeding.join()


def nothing_but_names_went(ground: Ground, _: Stock) -> Iterable[str]:
    old = ground.other
    words = tuple(phone[1:] for phone in old.phones[::50])
    if not ground.wait(lambda: not tables_that_hold(ground.database, words), LONG):
        yield f"numbers of what is over for {KEPT.days} days stand in {tables_that_hold(ground.database, words)}"
    if (left := dict(ground.standing(old))) != {"delivered": len(old.phones)}:
        yield f"what was delivered is counted as {left}"


def age(database: Database, stock: Stock, by: timedelta) -> None:
    """All of it was over so much earlier."""
    of = "notification_id IN (SELECT id FROM notification WHERE campaign = :campaign)"
    of_settlements = f"message_id IN (SELECT id FROM message WHERE {of})"
    moved: Sequence[tuple[str, Sequence[str], str]] = (
        ("settlement", ("at", "wanted_at", "was_wanted_at"), of_settlements),
        ("message", ("created_at", "settled_at", "accepted_at"), of),
        ("notification", ("created_at", "send_date"), "campaign = :campaign"),
    )
    with database.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger hears of it
        for table, columns, which in moved:
            turned = ", ".join(f"{column} = {column} - :by" for column in columns)
            session.execute(text(f"UPDATE {table} SET {turned} WHERE {which}"), {"by": by, "campaign": stock.campaign})
        session.execute(text("UPDATE retention_place SET caught_up_at = caught_up_at - interval '1 hour'"))


def decided() -> Iterator[Scenario]:
    """All of them, in the order of the table."""
    commands = "SIGKILL for the command that passes, which is then given again: "
    tasks = "SIGKILL for whoever passes: "
    yield dies("pause and resume", commands, ("pause_campaign", "lift_campaign"), pause_and_resume)
    yield dies("retry of a campaign", tasks, ("begin_rerun", "decided", "moved_on"), rerun)
    yield dies("fallback, beat tripled", tasks, ("fall_back",), fall_back)
    yield dies(
        "correction of what is to be followed, beat tripled",
        tasks,
        ("put_in_place",),
        correct,
        allowed=Allowed(unreachable=UNREACHABLE),
    )
    yield Scenario(
        "fallback, at the very moment",
        "beat tripled; eSMS tells what became of each SMS in the second in which its call is due",
        0,
        in_the_same_second,
        allowed=Allowed(unreachable=UNREACHABLE),
    )
    yield dies("refused requests", tasks, ("refuse", "taken_in"), refuse)
    patient = Layout({"WORKER_BREAK_AFTER": "100000"})  # or the voice lane would wait for its silence to end
    yield dies("held resolve", commands, ("resolve_all",), resolve, layout=patient)
    private = Layout({"WORKER_PRIVACY_KEY": "a key of forty random characters, or so it is"})
    yield dies(
        "person forget", commands, ("forget",), forget_somebody, layout=private, proof=nobody_is_left, hundreds=HUNDREDS
    )
    yield dies(
        "retention",
        tasks,
        ("move_on",),
        remove_the_old,
        layout=private,
        proof=nothing_but_names_went,
        hundreds=HUNDREDS,
    )
