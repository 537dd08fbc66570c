"""A sum, and whose figure it is, in words that people say."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from worker.catalogue.costs import WHOSE, cost_said
from worker.catalogue.text import Language
from worker.reporting.costs import Known

SAID = {
    "esms": ("1,450 đ, as eSMS told", "1.450 đ, theo eSMS báo"),
    "list": ("1,450 đ, by the price list", "1.450 đ, theo bảng giá"),
    "both": ("1,450 đ, as eSMS told, the rest by the price list", "1.450 đ, theo eSMS báo, phần còn lại theo bảng giá"),
    "part": (
        "1,450 đ or more: what a part of it cost is unknown",
        "từ 1.450 đ trở lên: một phần chưa rõ giá",
    ),
    "no": ("unknown", "chưa rõ"),
}


@pytest.mark.parametrize("known", get_args(Known))
def test_a_cost_is_said_in_both_languages_whoever_knows_it(known: str) -> None:
    cost = Decimal(0 if known == "no" else 1450)
    assert tuple(cost_said(cost, known, each) for each in (Language.EN, Language.VI)) == SAID[known]
    assert WHOSE[known].en and WHOSE[known].vi


def test_what_cost_nothing_is_nobodys_figure() -> None:
    assert cost_said(Decimal(0), "esms", Language.EN) == "0 đ"
