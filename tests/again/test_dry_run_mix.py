"""Whatever failed and however it is corrected, a dry run says what sending it again then does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from tests.again.foreseen import (
    LONG,
    advertising,
    failing,
    foreseen_and_done,
    further,
    known,
    numbers,
    sms,
)
from tests.support import Bench
from worker import TemplateCall
from worker.again import Corrected, Failed
from worker.errors import Invalid

pytestmark = pytest.mark.usefixtures("priced")


def a_mix(bench: Bench, random: Random) -> None:
    """Of all kinds; some opted out, some were sent again too often, some are known."""
    bench.notifier.templates.save("named", content="Chao {first_name}, don {attr.order}")
    bench.notifier.templates.save("plain", content="Cua hang da mo lai")
    for n in range(random.randrange(20, 60)):
        number = numbers(1, n)[0]
        match random.randrange(4):
            case 0:
                call = bench.put(TemplateCall(to=number, template_id="9", variables=["An"]), campaign="tet")
                failing(bench, call)
            case 1:
                sms(bench, number, content="Ma 1" if random.random() < 0.5 else LONG, sms_type=random.choice([2, 4, 7]))
            case 2:
                sms(bench, number, sms_type=3, network=random.choice(["NULL", "'VIETTEL'"]))
            case _:
                sms(bench, number, code=random.choice(["'99'", "'118'"]), generation=random.choice(["0", "9"]))
        if random.random() < 0.4:
            known(bench, number, **({"order": "A1" * random.randrange(1, 90)} if random.random() < 0.7 else {}))
    for place in range(random.randrange(5)):
        advertising(bench, random.randrange(1, 60), first=1000 * place, content=random.choice(["Sale", "Mua"]))
    with bench.database.begin() as session:
        out = [f"+84903{n:06d}" for n in random.sample(range(60), 9)] + ["+84903100003", "+84903101004"]
        session.execute(
            text("INSERT INTO opt_out (phone, source) SELECT *, 'test' FROM unnest(CAST(:out AS text[]))"), {"out": out}
        )


CORRECTIONS: list[Corrected | None] = [
    None,
    Corrected(content=LONG),
    Corrected(content="Moi", sms_type=4),
    Corrected(sms_type=1),
    Corrected(sms_type=3),
    Corrected(sms_type=4),
    Corrected(brandname="other"),
    Corrected(template="named"),
    Corrected(template="plain", sms_type=1),
    Corrected(template="named", sms_type=7),
]


@pytest.mark.parametrize("seed", [*range(6), *further(*range(6, 120))])
def test_whatever_failed_and_however_it_is_corrected_the_dry_run_says_what_is_done(bench: Bench, seed: int) -> None:
    random = Random(seed)
    a_mix(bench, random)
    corrected = CORRECTIONS[seed % len(CORRECTIONS)]
    which: Mapping[str, Any] = random.choice([{}, {"most": random.randrange(1, 80)}, {"code": ["100", "99"]}])
    failed = Failed(campaign="tet", **which)
    try:
        outlook, _ = foreseen_and_done(bench, failed, corrected)
    except Invalid as refused:  # since it fits nobody
        with pytest.raises(Invalid, match=re.escape(str(refused))):
            bench.notifier.again.retry(failed, corrected=corrected)
        return
    assert Counter(outlook.left).total() + outlook.going == outlook.messages
