"""The catalogue: whole, in both languages, and read back from what the worker stored."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from worker import catalogue
from worker.catalogue import Language, Text, advice, in_language, is_known, names, statuses, text
from worker.catalogue.reasons import REASONS, WITHIN, remedy_in
from worker.catalogue.reasons.row import Reason
from worker.esms.codes import MEANINGS, Verdict
from worker.lifecycle import Kind, Lane, Purpose, SmsType, Status
from worker.settings.language import language_of

VIETNAMESE = re.compile("[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]", re.IGNORECASE)
LOANS = {"SMS", "Brandname", "English", "tin"}  # said alike in both, or without accents


def every_text() -> Iterator[tuple[str, Text]]:
    """All texts of all modules of the catalogue, wherever they stand in it."""
    for found in pkgutil.walk_packages(catalogue.__path__, "worker.catalogue."):
        for name, value in vars(importlib.import_module(found.name)).items():
            yield from ((f"{found.name}.{name}", each) for each in texts_in(value))


def texts_in(value: object) -> Iterator[Text]:
    match value:
        case Text():
            yield value
        case Reason():
            yield from texts_in((value.text, value.remedy))
        case Mapping():
            yield from texts_in(tuple(value.values()))
        case Sequence() if not isinstance(value, str):
            for each in value:
                yield from texts_in(each)


def gaps(saying: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(saying) if name is not None)


def test_every_text_is_there_in_both_languages_with_the_same_gaps() -> None:
    found = list(every_text())
    assert len(found) > 100
    for where, saying in found:
        assert saying.en.strip() == saying.en != "", where
        assert saying.vi.strip() == saying.vi != "", where
        assert set(gaps(saying.en)) - {"s"} == set(gaps(saying.vi)), (where, saying)


def test_vietnamese_is_written_with_its_accents() -> None:
    lacking = {saying.vi for _, saying in every_text() if not VIETNAMESE.search(saying.vi)}
    assert {each for each in lacking if re.search(r"[a-z]{3}", re.sub(r"\{.*?\}|`.*?`", "", each))} <= LOANS


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_name_a_meaning_and_a_remedy(status: Status) -> None:
    assert statuses.NAMES[status] and statuses.MEANINGS[status] and statuses.REMEDIES[status]


def test_every_lane_kind_purpose_and_sms_type_has_a_name() -> None:
    assert (set(names.LANES), set(names.KINDS)) == (set(Lane), set(Kind))
    assert (set(names.PURPOSES), set(names.SMS_TYPES)) == (set(Purpose), set(SmsType))


def test_every_stored_reason_is_told_apart_from_all_others() -> None:
    """Filled in with ordinary values, each is found again as itself."""
    for reason in REASONS:
        values = {name: "no answer came in time" if name in WITHIN else "42" for name in gaps(reason.text.en)}
        stored = reason.text.en.format(**values)
        assert is_known(stored), stored
        said = reason.text.vi.format(
            **{n: in_language(v, Language.VI) if n in WITHIN else v for n, v in values.items()}
        )
        assert in_language(stored, Language.VI) == said
        assert in_language(stored, Language.EN) == stored


def test_a_reason_within_a_reason_is_told_in_vietnamese_too() -> None:
    stored = "asked again, eSMS refused: eSMS code 104: the brandname does not exist or was cancelled"
    assert in_language(stored, Language.VI) == (
        "khi hỏi lại, eSMS từ chối: eSMS trả mã 104: Brandname không tồn tại hoặc đã bị hủy"
    )
    deep = "the call may have been made; it is never dialled again by itself (no answer came in time)"
    assert "chờ mãi không có câu trả lời" in in_language(deep, Language.VI)


def test_what_nobody_knows_is_told_as_it_stands() -> None:
    assert in_language("Tet holiday", Language.VI) == "Tet holiday"
    assert not is_known("Tet holiday")
    assert remedy_in("Tet holiday", Language.VI) is None


@pytest.mark.parametrize("row", [row for row in MEANINGS if row.verdict is Verdict.REFUSED])
@pytest.mark.parametrize("kind", Kind)
def test_a_refusal_by_code_has_that_codes_reason_and_remedy(kind: Kind, row: object) -> None:
    assert hasattr(row, "functions")
    if catalogue.function_of(kind) not in row.functions:
        return
    stored = f"eSMS code {row.code}: {row.english}"  # type: ignore[attr-defined]
    for language, remedy in ((Language.EN, row.remedy), (Language.VI, row.remedy_vietnamese)):  # type: ignore[attr-defined]
        said = advice(language, kind=kind, status="rejected", code=row.code, reason=stored)  # type: ignore[attr-defined]
        assert said.remedy == remedy
        assert row.code in said.reason  # type: ignore[attr-defined]


def test_what_was_taken_and_did_not_arrive_goes_by_its_reason_and_not_by_code_100() -> None:
    said = advice(Language.EN, kind="sms", status="undelivered", code="100", reason="the operator could not deliver it")
    assert said.reason == "the operator could not deliver it"
    assert "Check the number" in said.remedy


def test_without_code_and_reason_the_status_itself_advises() -> None:
    said = advice(Language.VI, kind="sms", status="expired", code=None, reason=None)
    assert said.reason == "không được gửi kịp trong thời hạn"
    assert "retry" in said.remedy


def test_numbers_moments_and_spans_are_written_as_the_language_does() -> None:
    at = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    assert text.moment(at, zone, Language.VI) == "09:30:00 01/03/2026"
    assert text.moment(at, zone, Language.EN) == "2026-03-01 09:30:00"
    assert (text.number(1234.5, Language.VI, decimals=1), text.number(1234.5, Language.EN, decimals=1)) == (
        "1.234,5",
        "1,234.5",
    )
    assert [text.span(s, Language.EN) for s in (1, 90, 7200, 172_800)] == [
        "1 second",
        "90 seconds",
        "2 hours",
        "2 days",
    ]


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "vi_VN.UTF-8"}, Language.VI),
        ({"LC_ALL": "vi"}, Language.VI),
        ({"LC_ALL": "C", "LANG": "vi_VN.UTF-8"}, Language.EN),
        ({"LC_MESSAGES": "vi_VN", "LANG": "en_US.UTF-8"}, Language.VI),
        ({"LANG": "vistula"}, Language.EN),
        ({}, Language.EN),
    ],
)
def test_the_language_is_that_of_the_environments_locale(environ: dict[str, str], language: Language) -> None:
    assert language_of(environ) is language
