"""`text`: what a text costs, with and without its accents."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len

from worker.cli import run

Look = Callable[..., tuple[int, str, str]]
LETTER = "Kính gửi bà Lan, đơn hàng 123 đã sẵn sàng."


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Look:
    """Run `text` in a terminal of 80 columns without any of our variables."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def look(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run(["text", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return look


def facts(look: Look, *arguments: str, **options: bytes) -> Any:
    code, out, err = look(*arguments, "--json", **options)
    assert (code, err) == (0, "")
    return json.loads(out)


def row(out: str, name: str) -> str:
    [line] = [line for line in out.splitlines() if line.startswith(name)]
    return line.removeprefix(name).strip()


def test_a_text_and_its_plain_form_stand_side_by_side(look: Look) -> None:
    code, out, _ = look(LETTER)
    assert code == 0
    assert row(out, "encoding").split() == ["Unicode", "GSM"]
    assert row(out, "characters").split() == ["42", "42"]
    assert "42 of 70" in row(out, "fills")
    assert "42 of 160" in row(out, "fills")
    assert "Kính gửi bà Lan" in row(out, "text")
    assert "Kinh gui ba Lan" in row(out, "text")


def test_the_letters_that_force_unicode_and_what_they_would_become_are_named(look: Look) -> None:
    out = look("Chào chị Hoa")[1]
    assert row(out, "forces Unicode").split() == ["ị", "nothing"]
    assert "à→a ị→i" in out
    assert "SmsType 3 with --unicode" in out


def test_the_segments_of_every_sms_type_are_told(look: Look) -> None:
    found = facts(look, "a" * 123)
    assert found["as_written"]["segments"] == {"1": 2} | dict.fromkeys(("2", "3", "4", "6", "7", "8", "13"), 1)
    assert row(look("a" * 123)[1], "SMS, SmsType 1").split() == ["2", "2"]


def test_an_advertisement_that_is_too_long_says_so(look: Look) -> None:
    assert facts(look, "a" * 423)["as_written"]["too_long_for"] == [1]
    assert row(look("a" * 423)[1], "SMS, SmsType 1").startswith("refused: longer than 422")


def test_json_tells_all_of_both(look: Look) -> None:
    found = facts(look, "Chị €")
    assert found["replacements"] == [{"from": "ị", "to": "i"}]
    assert found["as_written"]["forces_unicode"] == [
        {"character": "ị", "name": "U+1ECB LATIN SMALL LETTER I WITH DOT BELOW"}
    ]
    assert (found["as_written"]["encoding"], found["as_written"]["units"]) == ("ucs2", 5)
    assert (found["without_accents"]["text"], found["without_accents"]["units"]) == ("Chi €", 6)


def test_a_dash_reads_standard_input_without_the_newline_at_its_end(look: Look) -> None:
    found = facts(look, "-", stdin=b"\xef\xbb\xbf" + "Chào\nchị\r\n".encode())
    assert found["as_written"]["text"] == "Chào\nchị"


@pytest.mark.parametrize("text", [LETTER * 9, "a" * 1000, "đ\u200b\u0301" * 200, "[bold]x[/bold] :smile: [/]"])
def test_the_table_fits_eighty_columns(look: Look, text: str) -> None:
    out = look(text)[1]
    assert max(map(cell_len, out.splitlines())) <= 80


def test_a_text_is_shown_as_it_is_and_a_terminal_obeys_nothing_in_it(look: Look) -> None:
    out = look("[red]x[/] :smile: \x1b[31m\u200b")[1]
    assert "[red]x[/] :smile:" in row(out, "text")
    assert "\x1b" not in out
    assert "U+001B U+200B" in row(out, "forces Unicode")


@pytest.mark.parametrize(
    ("arguments", "stdin", "error"),
    [
        (("",), b"", "error: text: is empty"),
        (("-",), b"\n", "error: text: is empty"),
        (("-",), b"\xff", "error: text: is not UTF-8"),
        (("\udcff",), b"", "error: text: is not UTF-8"),
    ],
)
def test_what_is_no_text_is_one_line_and_exit_code_1(
    look: Look, arguments: tuple[str, ...], stdin: bytes, error: str
) -> None:
    code, out, err = look(*arguments, stdin=stdin)
    assert (code, out) == (1, "")
    assert err.startswith(error)
    assert err.count("\n") == 1
