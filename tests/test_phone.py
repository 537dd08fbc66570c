"""Numbers in every way that people write them, with phonenumbers as the judge of what is valid."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType, carrier

from worker import phone
from worker.phone import Phone, PhoneError, parse

LAN = Phone("+84901234567", "0901234567", "MobiFone", True)


def judge(national: str) -> int | None:
    """What phonenumbers says of the digits after the 0: the kind of number, or None when there is no such number."""
    number = phonenumbers.parse("+84" + national, None)
    return phonenumbers.number_type(number) if phonenumbers.is_valid_number(number) else None


def taken(raw: str, *, for_sms: bool = True) -> str | None:
    try:
        return parse(raw, for_sms=for_sms).local
    except PhoneError:
        return None


@pytest.mark.parametrize(
    "raw",
    [
        "0901234567", "+84901234567", "84901234567", "0084901234567", "901234567",
        "0901 234 567", "090 1234567", "0901.234.567", "0901-234-567", "090.123.45.67", "(090) 123 4567",
        "+84 901 234 567", "+84-901-234-567", "(+84) 901 234 567", "(+84)0901234567", "+84 (0) 901 234 567",
        "+840901234567", "84 0901 234 567", "0084 (0)901.234.567", "00 84 901 234 567", "+ 84 901 234 567",
        " 0901234567\n", "\t0901234567", "0901\u00a0234\u00a0567", "0901\u2009234\u202f567",
        "0901–234–567", "0901·234·567", "090[123]4567",
        # pasted from a phone book, a web page
        "\u200b0901234567", "\ufeff0901234567", "\u202d0901234567\u202c", "\u2066+84 901 234 567\u2069",
        "０９０１２３４５６７", "＋８４９０１２３４５６７", "（０９０）１２３－４５６７", "٠٩٠١٢٣٤٥٦٧",
        # out of a spreadsheet
        "901234567.0", "84901234567.0", " 901234567.0 ", "901234567.00", "'0901234567", "’0901234567",
    ],
)  # fmt: skip
def test_it_is_one_number_in_every_way_of_writing_it(raw: str) -> None:
    assert parse(raw, for_sms=True) == LAN
    assert parse(raw, for_sms=False) == LAN


def test_the_short_cut_takes_what_phonenumbers_takes_for_every_beginning_of_four_digits() -> None:
    for beginning in range(10_000):
        national = f"{beginning:04}56789"
        usual = phone._usual("0" + national)
        if usual:
            assert usual[1] == national
            assert judge(national) == PhoneNumberType.MOBILE, national
        if national[0] != "1":  # machines' own numbers, which take the long way
            assert bool(usual) == (judge(national) == PhoneNumberType.MOBILE and not national.startswith("0")), national


@given(st.one_of(st.from_regex(r"(\+84|0|84)?[3-9][0-9]{7,9}", fullmatch=True), st.text(max_size=20)))
def test_the_shortest_cut_of_all_says_what_parse_says_or_nothing(raw: str) -> None:
    found = phone.usual_mobile(raw)
    assert found is None or found == parse(raw, for_sms=True).e164


@given(st.from_regex(r"[0-9]{7,11}", fullmatch=True))
def test_any_digits_after_the_0_are_judged_as_phonenumbers_judges_them(national: str) -> None:
    kind = judge(national) if not national.startswith("0") else None
    former = len(national) == 10 and national[:3] in phone.BEFORE_2018
    if not former:
        assert taken("0" + national) == ("0" + national if kind == PhoneNumberType.MOBILE else None)
        for_calls = kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
        assert taken("0" + national, for_sms=False) == ("0" + national if for_calls else None)


@given(
    st.from_regex(r"(?:3[2-9]|7[06-9]|8[1-8]|9[0-4678])[0-9]{7}", fullmatch=True),
    st.sampled_from(["0", "+84", "84", "0084", "", "(+84)0", "+84 (0)"]),
    st.lists(st.sampled_from(["", "", " ", ".", "-", "\u00a0", ")", "("]), min_size=9, max_size=9),
)
def test_no_separators_and_no_prefix_change_which_number_it_is(
    national: str, prefix: str, separators: list[str]
) -> None:
    raw = prefix + "".join(digit + separator for digit, separator in zip(national, separators, strict=True))
    assert taken(raw) == "0" + national


@given(st.text(max_size=45))
def test_any_text_is_a_valid_number_or_an_error_that_does_not_repeat_it(raw: str) -> None:
    try:
        found = parse(raw, for_sms=False)
    except PhoneError as error:
        assert error.problem
        assert error.remedy
        assert "\n" not in str(error)
    else:
        assert judge(found.local[1:]) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
        assert found.e164 == "+84" + found.local[1:]


@given(st.from_regex(r"[+]?[0-9]{5,20}", fullmatch=True))
def test_no_error_repeats_the_number(raw: str) -> None:
    try:
        parse(raw, for_sms=True)
    except PhoneError as error:
        assert raw.lstrip("+0")[:5] not in str(error).replace("0901234567", "") or len(raw.lstrip("+0")) < 5


# The ministry's list of 2018.
@pytest.mark.parametrize(
    ("then", "now", "network"),
    [
        ("0120", "070", "MobiFone"), ("0121", "079", "MobiFone"), ("0122", "077", "MobiFone"),
        ("0126", "076", "MobiFone"), ("0128", "078", "MobiFone"),
        ("0123", "083", "VinaPhone"), ("0124", "084", "VinaPhone"), ("0125", "085", "VinaPhone"),
        ("0127", "081", "VinaPhone"), ("0129", "082", "VinaPhone"),
        ("0162", "032", "Viettel"), ("0163", "033", "Viettel"), ("0164", "034", "Viettel"), ("0165", "035", "Viettel"),
        ("0166", "036", "Viettel"), ("0167", "037", "Viettel"), ("0168", "038", "Viettel"), ("0169", "039", "Viettel"),
        ("0186", "056", "Vietnamobile"), ("0188", "058", "Vietnamobile"), ("0199", "059", "Gmobile"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("written", ["{}2345678", "{}.234.5678", "+84 {}2345678", "84{}2345678", "(+84) {}2345678"])
def test_eleven_digits_from_before_2018_become_todays_ten(
    then: str, now: str, network: str | None, written: str
) -> None:
    raw = written.format(then if written.startswith("{}") else then[1:])
    assert parse(raw, for_sms=True) == Phone("+84" + now[1:] + "2345678", now + "2345678", network, True)


def test_eleven_digits_are_known_again_when_a_spreadsheet_ate_the_zero() -> None:
    assert parse("1682345678", for_sms=True).local == "0382345678"
    assert parse("1682345678.0", for_sms=True).local == "0382345678"


@pytest.mark.parametrize(
    ("prefix", "network"),
    [
        ("032", "Viettel"), ("039", "Viettel"), ("086", "Viettel"), ("096", "Viettel"), ("098", "Viettel"),
        ("081", "VinaPhone"), ("085", "VinaPhone"), ("088", "VinaPhone"), ("091", "VinaPhone"), ("094", "VinaPhone"),
        ("070", "MobiFone"), ("079", "MobiFone"), ("0898", "MobiFone"), ("090", "MobiFone"), ("093", "MobiFone"),
        ("0522", "Vietnamobile"), ("056", "Vietnamobile"), ("092", "Vietnamobile"),
        ("059", "Gmobile"), ("0996", "Gmobile"), ("087", "iTel"), ("0559", "Wintel"), ("095", None),
        ("030", "MobiFone"), ("051", "MobiFone"), ("0997", "Gmobile"), ("0998", "iTel"), ("0999", "iTel"),
    ],
)  # fmt: skip
def test_the_prefix_tells_the_network(prefix: str, network: str | None) -> None:
    assert parse((prefix + "2345678")[:10].ljust(10, "1"), for_sms=True).network == network


# What phonenumbers calls them, and where it knows less: it has 087 with the rest of 08, and nothing of 0990 and 0991.
# That 031 is Viettel's it says only with the rest of 03.
THEIR_NAMES = {"Vinaphone": "VinaPhone", "G-Mobile": "Gmobile", "Indochina Telecom": "iTel", "Reddi": "Wintel"}
NOT_IN_THEIRS = {"31": None, "87": "iTel", "990": "Gmobile", "991": "Gmobile"}


def test_each_network_is_that_of_the_public_metadata() -> None:
    for beginning in map(str, range(100, 1000)):
        national = beginning + "234567" if beginning.startswith("55") else beginning + "912345"
        number = phonenumbers.parse("+84" + national, None)
        if judge(national) != PhoneNumberType.MOBILE or beginning.startswith("1"):
            continue
        theirs = carrier.name_for_number(number, "en")
        expected = NOT_IN_THEIRS.get(
            beginning, NOT_IN_THEIRS.get(beginning[:2], THEIR_NAMES.get(theirs, theirs) or None)
        )
        assert parse("0" + national, for_sms=True).network == expected, beginning


@pytest.mark.parametrize(
    "raw", ["02438251234", "024 3825 1234", "+84 28 3822 1234", "(0236) 3822 123", "2438251234", "+84 (0)24 38251234"]
)
def test_a_landline_takes_calls_and_no_sms(raw: str) -> None:
    found = parse(raw, for_sms=False)
    assert (found.mobile, found.network, found.local[:2]) == (False, None, "02")
    with pytest.raises(PhoneError, match=r"landline, which takes no SMS; give a mobile number"):
        parse(raw, for_sms=True)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "the number is empty; write it like 0901234567"),
        (" - ", "the number is empty; write it like 0901234567"),
        ("+1 415 555 2671", "the number is of another country than Vietnam; eSMS reaches numbers of +84 only"),
        ("0066 81 234 5678", "the number is of another country than Vietnam; eSMS reaches numbers of +84 only"),
        ("+0901234567", "the number begins with a 0 where the country belongs; write it with +84 or with one 0"),
        (
            "090123456",
            (
                "it has 8 digits after the leading 0 or +84, where a mobile number has 9; "
                "look for missing or doubled digits"
            ),
        ),
        ("0521234567", "no Vietnamese number begins like this; look for a mistake in the first digits"),
        ("1900 1234", "it is a service number; give a person's mobile number or landline"),
        ("0901234567/0912345678", "the number holds '/'; give one phone number for each recipient"),
        ("0901234567, 0912345678", "the number holds ','; give one phone number for each recipient"),
        ("chị Lan", "the number holds letters; write it with digits, like 0901234567"),
        ("0901#34567", "the number holds '#'; write it with digits, like 0901234567"),
        ("9.01E+08", "the number was rounded by a spreadsheet; format its column as text and enter it again"),
        ("9,01235E8", "the number was rounded by a spreadsheet; format its column as text and enter it again"),
        ("0" * 41, "the number is longer than 40 characters; give one phone number for each recipient"),
    ],
)  # fmt: skip
def test_an_error_says_what_is_wrong_and_what_to_do(raw: str, message: str) -> None:
    with pytest.raises(PhoneError) as caught:
        parse(raw, for_sms=True)
    assert str(caught.value) == message


@pytest.mark.parametrize("raw", ["90123456.0", "8490123456.0", "9012345.00"])
def test_the_zero_after_a_decimal_point_never_becomes_a_digit_of_somebody_elses_number(raw: str) -> None:
    assert taken(raw, for_sms=False) is None


def test_a_number_that_is_not_text_is_refused_with_the_reason() -> None:
    with pytest.raises(PhoneError, match="as a number it loses its leading zero"):
        parse(901234567, for_sms=True)  # type: ignore[arg-type]


def test_a_phone_does_not_show_itself_in_a_log() -> None:
    assert "0901234" not in repr(LAN)
    assert "90123" not in repr([LAN])
