"""A brandname that the account has not is refused at enqueue, with the nearest that it has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from tests.support import Bench, otp
from worker import Enqueue, Invalid, Sms, ledger
from worker.intake.brandnames import Registered, check_brandname
from worker.intake.checks import check
from worker.settings import Settings

SETTINGS = Settings.from_environ({"DATABASE_URL": "postgresql+psycopg://h/d", "ESMS_BRANDNAME": "Shop"})
SMS = Sms(to="0901234567", content="Xin chao", sms_type=2)
ADVERT = replace(SMS, sms_type=1, to=[f"090123{n:04d}" for n in range(30)])
REGISTERED: Registered = {
    "SaoMai": frozenset({1, 2}),
    "SAOMAI.VN": frozenset({2}),
    "KhuyenMai": frozenset({1}),
    "Hoa Hồng": frozenset({2}),
    "Odd": frozenset({9}),
}


def complaint(sms: Sms, registered: Registered = REGISTERED) -> str | None:
    checked = check(Enqueue(request=sms), SETTINGS, now=datetime(2026, 3, 1, tzinfo=UTC))
    try:
        check_brandname(checked.terms.options, registered)
    except Invalid as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("sms", "told"),
    [
        (replace(SMS, brandname="SaoMai"), None),
        (replace(ADVERT, brandname="KhuyenMai"), None),
        (replace(SMS, brandname="Odd"), None),  # the manual knows no type 9, so it may mean anything
        (replace(ADVERT, brandname="Odd"), None),
        (replace(SMS, brandname="Saomai"), "'Saomai' is not registered at eSMS (SmsType 2): did you mean 'SaoMai'? "),
        (replace(SMS, brandname="SaoMay"), "did you mean 'SaoMai'? "),
        (replace(SMS, brandname="hoa hong"), "did you mean 'Hoa Hồng'? "),
        (replace(SMS, brandname="Sao.Mai.VN"), "did you mean 'SAOMAI.VN'? "),
        (replace(SMS, brandname="KhuyenMai"), "'KhuyenMai' is not registered for customer care (SmsType 2): `esms"),
        (
            replace(ADVERT, brandname="SAOMAI.VN"),
            "is not registered for advertising (SmsType 1): did you mean 'SaoMai'?",
        ),
        (replace(SMS, brandname="Zzz"), "'Zzz' is not registered at eSMS (SmsType 2): `esms-worker brandnames` lists"),
        (SMS, "brandname: 'Shop' is not registered at eSMS"),  # the default of the settings is checked, too
    ],
)
def test_a_wrong_brandname_is_refused_with_the_nearest_of_its_type(sms: Sms, told: str | None) -> None:
    found = complaint(sms)
    assert found is None if told is None else told in (found or "")


def test_nothing_is_refused_as_long_as_nobody_has_asked_esms() -> None:
    assert complaint(replace(SMS, brandname="Anything"), {}) is None


def know(bench: Bench, *brandnames: tuple[str, int]) -> None:
    with bench.database.begin() as session:
        ledger.replace_brandnames(session, brandnames, rest_url="http://esms", account="a")


def test_the_list_kept_in_postgres_decides_and_a_refusal_stores_nothing(bench: Bench) -> None:
    bench.put(replace(SMS, brandname="SaoMay"))
    know(bench, ("SaoMai", 2))
    bench.put(replace(SMS, brandname="SaoMai"))
    with pytest.raises(Invalid, match=r"^item 1: brandname: 'SaoMay' .* did you mean 'SaoMai'\?"):
        bench.notifier.enqueue_many([replace(SMS, brandname="SaoMai"), replace(SMS, brandname="SaoMay")])


def test_the_list_is_asked_for_once_a_call_and_only_if_a_brandname_is_sent_from(bench: Bench) -> None:
    know(bench, ("sangbrand", 2))
    asked: list[str] = []
    engine = bench.notifier._database.engine

    def notice(connection: object, cursor: object, statement: str, *_rest: object) -> None:
        asked.extend(["brandname"] if "FROM brandname" in statement else [])

    event.listen(engine, "before_cursor_execute", notice)
    bench.notifier.enqueue_many([otp()] * 3)
    assert asked == []
    bench.notifier.enqueue_many([SMS, otp(), SMS] * 10)
    assert asked == ["brandname"]
