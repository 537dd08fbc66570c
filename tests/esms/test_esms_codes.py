"""The table of codes: whole, the same as its document, and obeyed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from worker.esms import Function
from worker.esms.codes import MEANINGS, Verdict, meaning_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "codes.md"
SMS, TEMPLATE, RECORD = Function.SEND_SMS, Function.CALL_TEMPLATE, Function.CALL_RECORD

# Every row of the manual's tables of codes, by function.
MANUAL = {
    Function.GET_BALANCE: "100 99 101 102 103 104",
    Function.SEND_SMS: "100 104 118 119 131 132 99",
    Function.GET_SEND_STATUS: "100",
    Function.GET_RECEIVER_STATUS: "100 105",
    Function.GET_SENT_DATA: "140",
    Function.LIST_BRANDNAMES: "100 101",
    Function.CALL_TEMPLATE: "100 104 105 102 103 99",
    Function.CALL_RECORD: "100 106 105 102 103 99",
}
PUBLISHED = "107 108 120 124 140 143 146 159 163 177 201 300"


def test_docs_codes_md_is_what_the_table_prints() -> None:
    printed = subprocess.run([sys.executable, "-m", "worker.esms.codes"], capture_output=True, check=True)
    assert DOCUMENT.read_text(encoding="utf-8") == printed.stdout.decode()
    assert printed.stderr == b""


@pytest.mark.parametrize("function", Function)
def test_every_code_of_the_manual_has_a_meaning_in_its_function(function: Function) -> None:
    assert all(meaning_of(function, code) for code in MANUAL[function].split())


def test_every_code_published_beside_the_manual_has_a_meaning_for_an_sms() -> None:
    assert all(meaning_of(SMS, code) for code in PUBLISHED.split())


def test_no_code_has_two_meanings_in_one_function() -> None:
    pairs = [(function, row.code) for row in MEANINGS for function in row.functions]
    assert len(pairs) == len(set(pairs))


def test_only_100_means_taken() -> None:
    assert {row.code for row in MEANINGS if row.verdict is Verdict.DONE} == {"100"}
    assert {row.code for row in MEANINGS if row.verdict is Verdict.TAKEN_BEFORE} == {"124"}


def test_every_row_speaks_vietnamese_and_english_and_says_what_to_do() -> None:
    for row in MEANINGS:
        assert re.search("[à-ỹ]|Id ", row.vietnamese)
        assert row.english.isascii()
        assert row.remedy.endswith(".")
        assert row.remedy_vietnamese.endswith(".")
        assert re.search("[à-ỹ]", row.remedy_vietnamese)


def test_a_number_means_what_its_function_means_by_it() -> None:
    assert "brandname" in english(SMS, "104")
    assert "template" in english(TEMPLATE, "104")
    assert meaning_of(RECORD, "104") is None
    assert "variables" in english(TEMPLATE, "105")
    assert "unknown" in english(Function.GET_SEND_STATUS, "105")
    assert "locked" in english(SMS, "102")
    assert "price list for calls" in english(TEMPLATE, "102")
    assert "time" in english(Function.GET_SENT_DATA, "140")
    assert "address" in english(SMS, "140")


def english(function: Function, code: str) -> str:
    row = meaning_of(function, code)
    assert row is not None
    return row.english
