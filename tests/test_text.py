"""What a text costs, what it looks like without accents, and templates, against tables written down a second time."""

import random
import unicodedata
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.text import (
    Encoding,
    TemplateError,
    characters_that_force_unicode,
    encoding_of,
    is_one_plain,
    measure,
    render,
    replacements,
    strip_diacritics,
    unshowable,
    variables_of,
)

# GSM 03.38 as the standard prints it: sixteen columns of eight rows, by code; None is the escape.
STANDARD = [
    "COMMERCIAL AT", "POUND SIGN", "DOLLAR SIGN", "YEN SIGN",
    "LATIN SMALL LETTER E WITH GRAVE", "LATIN SMALL LETTER E WITH ACUTE", "LATIN SMALL LETTER U WITH GRAVE",
    "LATIN SMALL LETTER I WITH GRAVE", "LATIN SMALL LETTER O WITH GRAVE", "LATIN CAPITAL LETTER C WITH CEDILLA",
    0x0A, "LATIN CAPITAL LETTER O WITH STROKE", "LATIN SMALL LETTER O WITH STROKE", 0x0D,
    "LATIN CAPITAL LETTER A WITH RING ABOVE", "LATIN SMALL LETTER A WITH RING ABOVE",
    "GREEK CAPITAL LETTER DELTA", "LOW LINE", "GREEK CAPITAL LETTER PHI", "GREEK CAPITAL LETTER GAMMA",
    "GREEK CAPITAL LETTER LAMDA", "GREEK CAPITAL LETTER OMEGA", "GREEK CAPITAL LETTER PI", "GREEK CAPITAL LETTER PSI",
    "GREEK CAPITAL LETTER SIGMA", "GREEK CAPITAL LETTER THETA", "GREEK CAPITAL LETTER XI", None,
    "LATIN CAPITAL LETTER AE", "LATIN SMALL LETTER AE", "LATIN SMALL LETTER SHARP S",
    "LATIN CAPITAL LETTER E WITH ACUTE",
    0x20, 0x21, 0x22, 0x23, "CURRENCY SIGN", *range(0x25, 0x40),
    "INVERTED EXCLAMATION MARK", *range(0x41, 0x5B),
    "LATIN CAPITAL LETTER A WITH DIAERESIS", "LATIN CAPITAL LETTER O WITH DIAERESIS",
    "LATIN CAPITAL LETTER N WITH TILDE", "LATIN CAPITAL LETTER U WITH DIAERESIS", "SECTION SIGN",
    "INVERTED QUESTION MARK", *range(0x61, 0x7B),
    "LATIN SMALL LETTER A WITH DIAERESIS", "LATIN SMALL LETTER O WITH DIAERESIS",
    "LATIN SMALL LETTER N WITH TILDE", "LATIN SMALL LETTER U WITH DIAERESIS", "LATIN SMALL LETTER A WITH GRAVE",
]  # fmt: skip
BEHIND_THE_ESCAPE = {
    0x0A: 0x0C, 0x14: 0x5E, 0x28: 0x7B, 0x29: 0x7D, 0x2F: 0x5C, 0x3C: 0x5B, 0x3D: 0x7E, 0x3E: 0x5D, 0x40: 0x7C,
    0x65: 0x20AC,
}  # fmt: skip

ONE_SEPTET = {chr(c) if isinstance(c, int) else unicodedata.lookup(c) for c in STANDARD if c is not None}
TWO_SEPTETS = {chr(c) for c in BEHIND_THE_ESCAPE.values()}

# The alphabet by its own description: each vowel with each tone, in both cases, and đ.
VOWELS = "aăâeêioôơuưy"
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
VIETNAMESE = [vowel + tone for vowel in VOWELS + VOWELS.upper() for tone in TONES]

OTP, CARE, ADVERTISING = 7, 2, 1

gsm_texts = st.text(st.sampled_from(sorted(ONE_SEPTET | TWO_SEPTETS)), max_size=700)
any_text = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("aA €[đĐềÊ\u0301🎂")), max_size=300)


def test_the_table_has_the_standards_128_places() -> None:
    assert len(STANDARD) == 128
    assert len(ONE_SEPTET) == 127


def test_every_character_of_unicode_needs_the_encoding_that_the_standard_gives_it() -> None:
    for code in range(0x110000):
        char = chr(code)
        expected = Encoding.GSM7 if char in ONE_SEPTET or char in TWO_SEPTETS else Encoding.UCS2
        assert encoding_of(char) is expected, hex(code)


@given(any_text)
def test_the_characters_that_force_unicode_are_all_and_only_those_outside_the_alphabet_in_order(text: str) -> None:
    forcing = characters_that_force_unicode(text)
    outside = [char for char in text if char not in ONE_SEPTET | TWO_SEPTETS]
    assert list(forcing) == sorted(set(outside), key=outside.index)
    assert (encoding_of(text) is Encoding.UCS2) == bool(forcing)
    assert measure(text, CARE).forcing == forcing


def segments_by_the_book(sizes: list[int], alone: int, joined: int) -> int:
    """Fill segments one character after the other."""
    if sum(sizes) <= alone:
        return 1 if sizes else 0
    filled = [0]
    for size in sizes:
        if filled[-1] + size > joined:
            filled.append(0)
        filled[-1] += size
    return len(filled)


@given(gsm_texts)
@example("€" * 153)
@example("a" + "€" * 80)
def test_gsm_texts_fill_160_septets_alone_and_153_joined_and_no_escape_is_cut_in_two(text: str) -> None:
    sizes = [1 if char in ONE_SEPTET else 2 for char in text]
    result = measure(text, CARE)
    assert (result.encoding, result.characters, result.units) == (Encoding.GSM7, len(text), sum(sizes))
    assert result.segments == segments_by_the_book(sizes, 160, 153)


@given(any_text | gsm_texts, st.sampled_from([CARE, ADVERTISING]))
@example("a" * 160, CARE)
@example("a" * 161, CARE)
@example("a" * 123, ADVERTISING)
@example("€" * 160, CARE)
@example("", CARE)
def test_what_is_one_plain_sms_at_a_glance_is_one_when_it_is_measured(text: str, sms_type: int) -> None:
    if is_one_plain(text, sms_type):
        measured = measure(text, sms_type)
        assert (measured.segments, measured.forcing, unshowable(text)) == (1, (), False)
    assert is_one_plain("Ma xac nhan: 123456", CARE)


@given(any_text.map("Đ".__add__))
@example("🎂" * 35)
@example("🎂" * 67)
def test_other_texts_fill_70_units_of_utf_16_alone_and_67_joined_and_no_pair_is_cut_in_two(text: str) -> None:
    sizes = [len(char.encode("utf-16-le")) // 2 for char in text]
    result = measure(text, OTP)
    assert (result.encoding, result.characters, result.units) == (Encoding.UCS2, len(text), sum(sizes))
    assert result.segments == segments_by_the_book(sizes, 70, 67)


@pytest.mark.parametrize(
    ("sms_type", "letter", "characters", "segments"),
    [
        (CARE, "a", 0, 0), (CARE, "a", 1, 1), (CARE, "a", 160, 1), (CARE, "a", 161, 2), (CARE, "a", 306, 2),
        (CARE, "a", 307, 3), (CARE, "a", 459, 3), (CARE, "a", 460, 4),
        (CARE, "đ", 70, 1), (CARE, "đ", 71, 2), (CARE, "đ", 134, 2), (CARE, "đ", 135, 3),
        (ADVERTISING, "a", 122, 1), (ADVERTISING, "a", 123, 2), (ADVERTISING, "a", 268, 2),
        (ADVERTISING, "a", 269, 3), (ADVERTISING, "a", 421, 3), (ADVERTISING, "a", 422, 4),
    ],
)  # fmt: skip
def test_segments_follow_the_price_list(sms_type: int, letter: str, characters: int, segments: int) -> None:
    assert measure(letter * characters, sms_type).segments == segments


def test_an_advertising_text_of_422_characters_is_allowed_and_one_of_423_is_not() -> None:
    assert not measure("a" * 422, ADVERTISING).too_long
    assert measure("a" * 423, ADVERTISING).too_long
    assert not measure("a" * 423, CARE).too_long


# Accents


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_vietnamese_letter_with_every_tone_becomes_its_plain_letter_in_both_encodings(
    form: Literal["NFC", "NFD"],
) -> None:
    for letter in VIETNAMESE:
        plain = "".join(c for c in unicodedata.normalize("NFD", letter) if not unicodedata.combining(c))
        assert strip_diacritics(unicodedata.normalize(form, letter)) == plain
    assert strip_diacritics("đĐ") == "dD"


@given(st.lists(st.sampled_from([*VIETNAMESE, "đ", "Đ", "b", "n", "ng", " ", ",", "1"]), max_size=60), st.randoms())
def test_a_vietnamese_text_ends_without_one_accent_however_its_letters_are_mixed(
    letters: list[str], dice: random.Random
) -> None:
    mixed = "".join(unicodedata.normalize(dice.choice(["NFC", "NFD"]), letter) for letter in letters)
    apart = unicodedata.normalize("NFD", mixed).replace("đ", "d").replace("Đ", "D")
    assert strip_diacritics(mixed) == "".join(char for char in apart if not unicodedata.combining(char))
    assert encoding_of(strip_diacritics(mixed)) is Encoding.GSM7


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Nguyễn Đình Chiểu, phường Đa Kao", "Nguyen Dinh Chieu, phuong Da Kao"),
        ("CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM", "CONG HOA XA HOI CHU NGHIA VIET NAM"),
        (
            "nguyê\u0303n và e\u0323\u0302 và ê\u0323",
            "nguyen va e va e",
        ),  # tone typed onto a ready letter, and reordered
        ("a\u0340 o\u0341", "a o"),  # the tone marks that Unicode withdrew
        ("“Chào” ‘bạn’ – hẹn — gặp lại…", "\"Chao\" 'ban' - hen - gap lai..."),
        ("Giá 100.000₫ × 2", "Gia 100.000d x 2"),
        ("mã\u00a0số\u202f1\u200b2\ufeff", "ma so 12"),
        ("ＳＡＬＥ ５０％", "SALE 50%"),
        ("Đ Ð Ɖ đ ð", "D D D d d"),  # five letters that look like two
        ("Müller, Łódź, Ørsted, façade", "Muller, Lodz, Orsted, facade"),
        ("é à ò are cheap and go all the same", "e a o are cheap and go all the same"),
    ],
)
def test_people_would_write_it_so(text: str, plain: str) -> None:
    assert strip_diacritics(text) == plain


def test_the_replacements_are_told_letter_by_letter_and_once() -> None:
    changes = (("Đ", "D"), ("ề", "e"), ("–", "-"), ("e\u0323\u0302", "e"))
    assert replacements("Đề Đề – e\u0323\u0302 🎂") == changes


@given(any_text)
def test_the_replacements_are_all_that_stripping_does(text: str) -> None:
    changes = replacements(text)
    assert (strip_diacritics(text) == text) == (not changes)
    assert all(strip_diacritics(before) == after for before, after in changes)
    assert not replacements(strip_diacritics(text))


@pytest.mark.parametrize("text", ["🎂", "中文", "Ёй", "ไทย", "हिन्दी", "ὀδός", "👨‍👩‍👧", "א\u05b8"])
def test_what_has_no_plain_form_stays_whole(text: str) -> None:
    assert strip_diacritics(text) == text


@given(any_text)
def test_stripping_twice_changes_nothing_more(text: str) -> None:
    once = strip_diacritics(text)
    assert strip_diacritics(once) == once


@given(st.text(st.characters(codec="ascii", exclude_characters="`\t")))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert strip_diacritics(text) == text


# Templates


def test_names_are_replaced_by_their_values() -> None:
    assert render("Chao {name}, {2}{_x}!", {"name": "Lan", "2": "hai", "_x": ""}) == "Chao Lan, hai!"


def test_names_may_be_vietnamese_however_their_accents_are_encoded() -> None:
    assert render("Chào {tên}", {unicodedata.normalize("NFD", "tên"): "Lan"}) == "Chào Lan"
    assert variables_of(unicodedata.normalize("NFD", "{tên} {họ_tên}")) == ("tên", "họ_tên")


def test_variables_are_told_in_order_and_once() -> None:
    assert variables_of("{b} {a} {{c}} {b}") == ("b", "a")


@given(st.text(max_size=200))
def test_a_value_is_never_interpreted(value: str) -> None:
    assert render("{a}|{b}", {"a": value, "b": "{a}"}) == value + "|{a}"


@given(st.text(max_size=200))
def test_any_text_survives_when_its_braces_are_doubled(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert render(doubled, {}) == text
    assert variables_of(doubled) == ()


@given(st.text(st.sampled_from("{}ab_.[]!:0 ê%$\\"), max_size=40))
def test_any_template_renders_or_says_what_is_wrong_with_it(template: str) -> None:
    try:
        names = variables_of(template)
    except TemplateError as error:
        assert error.problem
        assert error.remedy
    else:
        render(template, dict.fromkeys(names, "x"))


@pytest.mark.parametrize(
    "template",
    ["{name.__class__}", "{name[0]}", "{name!r}", "{name:>99999999}", "{}", "{ name }", "{họ tên}", "{{a}", "a}"],
)
def test_nothing_but_a_name_is_taken_between_braces(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, {"name": "Lan"})


@pytest.mark.parametrize(
    ("template", "values", "message"),
    [
        ("{nmae}", {"name": "Lan"}, "nothing is known by the name {nmae}; did you mean {name}?"),
        ("{x}", {"name": "Lan", "day": "1"}, "nothing is known by the name {x}; there are {name}, {day}"),
        ("{x}", {}, "nothing is known by the name {x}; there are no values at all"),
        ("50% {", {}, "the { at character 5 stands alone; write {{ for the brace itself"),
        ("{name}", {"name": None}, "{name} has no value; fill it in"),  # a short row of a CSV file
        ("{name}", {"name": "x" * 10_001}, "the text would have 10,001 characters; keep it below 10,000"),
        ("x" * 10_001, {}, "the template has 10,001 characters; keep it below 10,000"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_do(template: str, values: dict[str, str], message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template, values)
    assert str(caught.value) == message
